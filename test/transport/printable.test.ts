import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { printable } from '../../src/transport/printable.js';

/** What an escaped text stands for. */
const unescaped = (shown: string): string =>
  shown.replace(/\\(?:\\|u\{([0-9a-f]+)\})/gu, (_all, code?: string) =>
    code === undefined ? '\\' : String.fromCodePoint(Number.parseInt(code, 16)),
  );

describe('printable text', () => {
  it.each([
    ['plain text, "quoted" and ~', 'plain text, "quoted" and ~'],
    ['', ''],
    ['\u001b[2J\r\n\u007f', '\\u{1b}[2J\\u{d}\\u{a}\\u{7f}'],
    ['grün \u202e…', 'gr\\u{fc}n \\u{202e}\\u{2026}'],
    ['\u{1f600}', '\\u{1f600}'],
    ['\ud800', '\\u{d800}'],
    ['C:\\u{41}', 'C:\\\\u{41}'],
  ])('has %j as %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it.each([
    ['x'.repeat(256), 'x'.repeat(256)],
    ['x'.repeat(257), `${'x'.repeat(253)}...`],
    ['x'.repeat(1_000_000), `${'x'.repeat(253)}...`],
    [`${'x'.repeat(250)}\n`, `${'x'.repeat(250)}\\u{a}`],
    [`${'x'.repeat(250)}\ny`, `${'x'.repeat(250)}\\u{a}y`],
    [`${'x'.repeat(250)}\nyz`, `${'x'.repeat(250)}...`],
    ['\\'.repeat(200), `${'\\\\'.repeat(126)}...`],
  ])('is cut at 256 characters, and not inside an escape (%#)', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('may be had shorter', () => {
    expect(printable('0123456789', 10)).toBe('0123456789');
    expect(printable('0123456789a', 10)).toBe('0123456...');
    expect(printable('01234\n6789', 10)).toBe('01234...');
  });

  it('is ASCII of bounded length that says exactly what it stands for', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.oneof(fc.constantFrom('\\', 'u', '{', 'a', '}'), fc.string()) }), (text) => {
        const shown = printable(text);
        expect(shown).toMatch(/^[\x20-\x7e]{0,256}$/u);
        if (shown.endsWith('...') && !text.endsWith('...')) {
          expect(text.startsWith(unescaped(shown.slice(0, -3)))).toBe(true);
        } else expect(unescaped(shown)).toBe(text);
      }),
    );
  });
});
