import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { bannerText } from '../../src/streams/banner-text.js';

describe('the text of a banner', () => {
  it.each([
    ['Authorised use only.', 'Authorised use only.\r\n'],
    ['one\ntwo\r\nthree\rfour\n', 'one\r\ntwo\r\nthree\r\nfour\r\n'],
    ['\u001b[2Jred\u0007 alert\u009b', '[2Jred alert\r\n'],
    ['a\tb', 'a\tb\r\n'],
    ['turned \u202eround\u2066', 'turned round\r\n'],
    ['half \ud800 a pair', 'half  a pair\r\n'],
    ['Grüß Gott', 'Grüß Gott\r\n'],
  ])('%j is shown as %j', (text, shown) => {
    expect(bannerText(text)).toBe(shown);
  });

  it('is none where nothing is left to show', () => {
    expect(bannerText('')).toBeUndefined();
    expect(bannerText('\u001b\u0000')).toBeUndefined();
  });

  it('is cut at 8,192 characters', () => {
    expect(bannerText('x'.repeat(10_000))).toBe(`${'x'.repeat(8192)}\r\n`);
  });

  it('never has a control character but tabs and line ends of CR LF', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(bannerText(text) ?? '\r\n').toMatch(/^(?:[^\p{Cc}\p{Cs}]|\t|\r\n)*\r\n$/u);
      }),
    );
  });
});
