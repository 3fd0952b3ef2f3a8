import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodeUtf8, encodeUtf8 } from '../../../src/transport/wire/utf8.js';

/** Bytes that come close to UTF-8: leads, continuations, the borders of each range, and plain letters. */
const nearUtf8 = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        0x41,
        0x7f,
        0x80,
        0x8f,
        0x90,
        0x9f,
        0xa0,
        0xbf,
        0xc0,
        0xc1,
        0xc2,
        0xdf,
        0xe0,
        0xe1,
        0xed,
        0xee,
        0xef,
      ),
      fc.constantFrom(0xf0, 0xf1, 0xf4, 0xf5, 0xff),
      fc.integer({ min: 0, max: 255 }),
    ),
    { maxLength: 24 },
  )
  .map((bytes) => Buffer.from(bytes));

describe('decodeUtf8', () => {
  it('decodes well-formed text like everybody else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodeUtf8(Buffer.from(text, 'utf8'))).toBe(text);
      }),
    );
  });

  it('loses no byte of any input', () => {
    fc.assert(
      fc.property(nearUtf8, (bytes) => {
        expect(encodeUtf8(decodeUtf8(bytes))).toEqual(bytes);
      }),
      { numRuns: 5000 },
    );
  });

  it('escapes exactly the bytes that a strict decoder stumbles over', () => {
    fc.assert(
      fc.property(nearUtf8, (bytes) => {
        const wellFormed = /^\P{Surrogate}*$/u.test(decodeUtf8(bytes));
        expect(wellFormed).toBe(strictlyDecodes(bytes));
      }),
      { numRuns: 5000 },
    );
  });

  it('agrees with a strict decoder on every sequence at the borders of the ranges', () => {
    const leads = Array.from({ length: 256 }, (_, lead) => lead);
    const seconds = [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0];
    const others = [0x7f, 0x80, 0xbf, 0xc0];
    const wrong: string[] = [];
    for (const bytes of sequences(leads, seconds, others, others)) {
      const text = decodeUtf8(bytes);
      const escapes = !/^\P{Surrogate}*$/u.test(text);
      // Behind a byte that is no UTF-8 the slow path reads the same sequence.
      const behindEscape = decodeUtf8(Buffer.concat([Buffer.of(0xff), bytes]));
      if (escapes === strictlyDecodes(bytes) || behindEscape !== `\udcff${text}`) wrong.push(bytes.toString('hex'));
    }

    expect(wrong).toEqual([]);
  });

  it.each([
    ['Latin-1', [0x70, 0xe4, 0x73, 0x73], 'p\udce4ss'],
    ['a sequence cut short', [0x61, 0xe2, 0x82], 'a\udce2\udc82'],
    ['an overlong slash', [0xc0, 0xaf], '\udcc0\udcaf'],
    ['an overlong form of four bytes', [0xf0, 0x8f, 0xbf, 0xbf], '\udcf0\udc8f\udcbf\udcbf'],
    ['a surrogate', [0xed, 0xa0, 0x80], '\udced\udca0\udc80'],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80], '\udcf4\udc90\udc80\udc80'],
    ['a bad byte between good ones', [0xc3, 0xa4, 0xff, 0xf0, 0x9f, 0x98, 0x80], 'ä\udcff😀'],
    ['a byte order mark, which is text', [0xef, 0xbb, 0xbf, 0x61], '\ufeffa'],
  ])('decodes %s', (_name, bytes, text) => {
    expect(decodeUtf8(Buffer.from(bytes))).toBe(text);
  });

  it('gives different texts for different bytes', () => {
    expect(decodeUtf8(Buffer.of(0xff))).not.toBe(decodeUtf8(Buffer.of(0xfe)));
    expect(decodeUtf8(Buffer.of(0xff))).not.toBe(decodeUtf8(Buffer.from('\ufffd')));
  });
});

describe('encodeUtf8', () => {
  it('writes U+FFFD for a surrogate that stands for no byte', () => {
    expect(encodeUtf8('a\ud800b\udc41')).toEqual(Buffer.from('a\ufffdb\ufffd'));
  });
});

function strictlyDecodes(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Every sequence of one to four bytes with these bytes at its places. */
function sequences(...places: readonly (readonly number[])[]): readonly Buffer[] {
  let longest: readonly (readonly number[])[] = [[]];
  const all: (readonly number[])[] = [];
  for (const choices of places) {
    longest = longest.flatMap((start) => choices.map((byte) => [...start, byte]));
    all.push(...longest);
  }
  return all.map((bytes) => Buffer.from(bytes));
}
