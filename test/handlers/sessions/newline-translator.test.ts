import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { NewlineTranslator } from '../../../src/handlers/sessions/newline-translator.js';

const translateAll = (blocks: readonly string[]): string => {
  const translator = new NewlineTranslator();
  return Buffer.concat(blocks.map((block) => translator.translate(Buffer.from(block, 'latin1')))).toString('latin1');
};

describe('NewlineTranslator', () => {
  it.each([
    ['a\nb\n', 'a\r\nb\r\n'],
    ['a\r\nb\r\n', 'a\r\nb\r\n'],
    ['\n\n', '\r\n\r\n'],
    ['\r\r\n', '\r\r\n'],
    ['a\rb', 'a\rb'],
    ['', ''],
  ])('makes %j to %j', (before, after) => {
    expect(translateAll([before])).toBe(after);
  });

  it('gives a block back as it is where nothing is to be changed', () => {
    const block = Buffer.from('no line feed\r\n');
    expect(new NewlineTranslator().translate(block)).toBe(block);
  });

  it('sees a carriage return at the end of an earlier block, past empty ones', () => {
    expect(translateAll(['a\r', '', '\nb'])).toBe('a\r\nb');
    expect(translateAll(['a', '\nb'])).toBe('a\r\nb');
  });

  it('gives the same however output is cut: every line feed with exactly one return put before it if it had none', () => {
    const blocks = fc.array(fc.string({ unit: fc.constantFrom('\r', '\n', 'a', '\xff') }));
    fc.assert(
      fc.property(blocks, (cut) => {
        expect(translateAll(cut)).toBe(cut.join('').replace(/(?<!\r)\n/g, '\r\n'));
      }),
    );
  });
});
