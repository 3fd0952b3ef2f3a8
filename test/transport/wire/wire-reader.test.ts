import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { WireReader } from '../../../src/transport/wire/wire-reader.js';
import { anyBytes } from '../../support/arbitrary-of.js';
import { wireBytes, type WirePart } from '../../support/wire-bytes.js';

const read = (...parts: readonly WirePart[]): WireReader => new WireReader(wireBytes(...parts));

/** Every read, in the order of the class. */
const reads = [
  (it: WireReader) => it.byte(),
  (it: WireReader) => it.boolean(),
  (it: WireReader) => it.uint32(),
  (it: WireReader) => it.uint64(),
  (it: WireReader) => it.bytes(3),
  (it: WireReader) => it.string(),
  (it: WireReader) => it.utf8(),
  (it: WireReader) => it.ascii(),
  (it: WireReader) => it.nameList(),
  (it: WireReader) => it.mpint(),
  (it: WireReader) => it.magnitude(),
  (it: WireReader) => it.rest(),
];
const neutral = [0, false, 0, 0n, Buffer.alloc(0), Buffer.alloc(0), '', '', [], 0n, Buffer.alloc(0), Buffer.alloc(0)];

describe('WireReader', () => {
  it('reads the examples of RFC 4251 section 5', () => {
    expect(read(Buffer.from('29b7f4aa', 'hex')).uint32()).toBe(699_921_578);
    expect(read('testing').utf8()).toBe('testing');
    expect(read('').nameList()).toEqual([]);
    expect(read('zlib').nameList()).toEqual(['zlib']);
    expect(read('zlib,none').nameList()).toEqual(['zlib', 'none']);
  });

  it.each([
    ['00000000', 0n],
    ['0000000809a378f9b2e332a7', 0x9a378f9b2e332a7n],
    ['000000020080', 0x80n],
    ['00000002edcc', -0x1234n],
    ['00000005ff21524111', -0xdeadbeefn],
    ['0000000400000001', 1n],
  ])('reads the mpint %s', (hex, value) => {
    const reader = new WireReader(Buffer.from(hex, 'hex'));

    expect(reader.mpint()).toBe(value);
    expect(reader.complete).toBe(true);
  });

  it('reads fields in a row and knows what is left', () => {
    const reader = read(7, 2, [9], Buffer.from('ffffffffffffffff', 'hex'), 'päth', Buffer.of(1, 2, 3));

    expect(reader.byte()).toBe(7);
    expect(reader.boolean()).toBe(true);
    expect(reader.uint32()).toBe(9);
    expect(reader.uint64()).toBe(0xffff_ffff_ffff_ffffn);
    expect(reader.utf8()).toBe('päth');
    expect(reader.remaining).toBe(3);
    expect(reader.complete).toBe(false);
    expect(reader.rest()).toEqual(Buffer.of(1, 2, 3));
    expect(reader.complete).toBe(true);
  });

  it('hands out views, not copies', () => {
    const bytes = wireBytes('abc');
    const view = new WireReader(bytes).string();
    bytes.write('X', 4);

    expect(view.toString()).toBe('Xbc');
  });

  it('reads a Uint8Array that is a part of a larger one', () => {
    expect(new WireReader(new Uint8Array([9, 9, 0, 0, 0, 1, 65, 9]).subarray(2, 7)).utf8()).toBe('A');
  });

  it('starts at an offset, and fails past the end', () => {
    expect(new WireReader(Buffer.of(1, 2), 1).byte()).toBe(2);
    expect(new WireReader(Buffer.of(1, 2), 2).complete).toBe(true);
    expect(new WireReader(Buffer.of(1, 2), 3).ok).toBe(false);
  });

  it('fails once and for all when a length goes beyond the bytes', () => {
    const reader = read([0xffff_ffff], Buffer.from('plenty'));

    expect(reader.string()).toEqual(Buffer.alloc(0));
    expect(reader.ok).toBe(false);
    expect(reader.remaining).toBe(0);
    expect(reads.map((it) => it(reader))).toEqual(neutral);
    expect(reader.complete).toBe(false);
  });

  it('never throws, never goes beyond its bytes and never recovers, whatever is read from whatever bytes', () => {
    fc.assert(
      fc.property(anyBytes, fc.array(fc.constantFrom(...reads)), (bytes, steps) => {
        const reader = new WireReader(bytes);
        let failed = false;
        let remaining = bytes.length;
        for (const step of steps) {
          step(reader);
          expect(reader.ok && failed).toBe(false);
          expect(reader.remaining).toBeGreaterThanOrEqual(0);
          expect(reader.remaining).toBeLessThanOrEqual(remaining);
          failed = !reader.ok;
          remaining = reader.remaining;
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['line\nbreak', 'escape\u001b[2J', 'nul\0', 'delete\u007f', 'ümlaut'])('refuses %j as a name', (text) => {
    const reader = read(text);

    expect(reader.ascii()).toBe('');
    expect(reader.ok).toBe(false);
  });

  it('takes long and empty names', () => {
    const long = 'x'.repeat(5000);

    expect(read(long).ascii()).toBe(long);
    expect(read('').ascii()).toBe('');
  });

  it('leaves empty names out of a list', () => {
    const reader = read(',a,,b,');

    expect(reader.nameList()).toEqual(['a', 'b']);
    expect(reader.ok).toBe(true);
  });

  it('takes 1,024 names and refuses more', () => {
    const most = Array.from({ length: 1024 }, () => 'a').join(',');
    const one = read(`${most},a`);

    expect(read(most).nameList()).toHaveLength(1024);
    expect(one.nameList()).toEqual([]);
    expect(one.ok).toBe(false);
  });

  it('takes an mpint of 2,049 bytes and refuses a longer one', () => {
    const longest = Buffer.alloc(2049, 1);
    const longer = Buffer.alloc(2050, 1);

    for (const type of ['mpint', 'magnitude'] as const) {
      const fits = read([2049], longest);
      const tooLong = read([2050], longer);
      fits[type]();
      tooLong[type]();

      expect(fits.complete).toBe(true);
      expect(tooLong.ok).toBe(false);
    }
  });

  it('reads a magnitude without its leading zeros', () => {
    expect(read([3], Buffer.of(0, 0, 0x80)).magnitude()).toEqual(Buffer.of(0x80));
    expect(read([2], Buffer.of(0, 0)).magnitude()).toEqual(Buffer.alloc(0));
    expect(read([0]).magnitude()).toEqual(Buffer.alloc(0));
  });

  it('refuses a negative number as a magnitude', () => {
    const reader = read([1], Buffer.of(0x80));

    expect(reader.magnitude()).toEqual(Buffer.alloc(0));
    expect(reader.ok).toBe(false);
  });

  it('fails when told so', () => {
    const reader = read(1, 2, 3);
    reader.fail();

    expect(reader.ok).toBe(false);
    expect(reader.rest()).toEqual(Buffer.alloc(0));
  });
});
