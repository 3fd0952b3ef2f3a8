import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { greetingLines } from '../../src/transport/greeting-lines.js';

const identification = Buffer.from('test');
const linesOf = (text: string): Buffer | undefined => greetingLines(text, identification);

describe('the lines of a greeting', () => {
  it('end in CR LF, whatever they ended in', () => {
    expect(linesOf('one\ntwo\r\n\nüber')?.toString()).toBe('one\r\ntwo\r\n\r\nüber\r\n');
    expect(linesOf('one\n')?.toString()).toBe('one\r\n');
    expect(linesOf('')).toBeUndefined();
  });

  it.each([
    ['SSH-2.0-me', 'line 1 of the greeting begins with SSH-, as only the identification may'],
    ['hello\nssh-2.0-me', 'line 2 of the greeting begins with SSH-, as only the identification may'],
    ['a\u0000b', 'line 1 of the greeting has a control character in it'],
    ['a\rb', 'line 1 of the greeting has a control character in it'],
    ['a\u2028b', 'line 1 of the greeting has a control character in it'],
    ['a\ud800b', 'line 1 of the greeting is no Unicode text'],
    ['é'.repeat(120), 'a greeting of 242 bytes, line ends included; beside the identification there is room for 241'],
    ['x\n'.repeat(33), 'a greeting of more than 32 lines'],
  ])('%j is refused', (text, message) => {
    expect(() => linesOf(text)).toThrow(new RangeError(message));
  });

  it('may be as many bytes as there is room for beside the identification, in 32 lines', () => {
    const text = `${'x'.repeat(255 - 'SSH-2.0-test\r\n'.length - 32 * 2)}${'\n'.repeat(32)}`;

    expect(linesOf(text)).toHaveLength(241);
    expect(() => linesOf(`x${text}`)).toThrow('a greeting of 242 bytes');
  });

  it('have no room beside an identification that takes it all', () => {
    expect(() => greetingLines('x', Buffer.alloc(244))).toThrow('there is room for 1');
    expect(() => greetingLines('x', Buffer.alloc(300))).toThrow('there is room for 0');
  });

  it('are never what clients take for an identification, and never too long', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('S', 'S', 'H', '-', '\r', '\n', 'é', '\u0000') }), (text) => {
        let bytes: Buffer | undefined;
        try {
          bytes = linesOf(text);
        } catch (cause) {
          expect(cause).toBeInstanceOf(RangeError);
        }
        const lines = bytes?.toString().split('\r\n') ?? [''];
        expect(lines.pop()).toBe('');
        for (const line of lines) expect(line).not.toMatch(/^SSH-|[\r\n\0]/u);
      }),
    );
  });
});
