import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { WireWriter } from '../../../src/transport/wire/wire-writer.js';
import { anyBytes } from '../../support/arbitrary-of.js';
import { wireBytes } from '../../support/wire-bytes.js';

describe('WireWriter', () => {
  it('writes every type in a row', () => {
    const written = new WireWriter()
      .byte(255)
      .boolean(true)
      .boolean(false)
      .uint32(0xffff_fffe)
      .uint64(0x0102030405060708n)
      .string(Buffer.of(1, 2))
      .utf8('ä€😀')
      .ascii('ssh-userauth')
      .nameList(['a', 'b@example.com'])
      .nameList([])
      .bytes(new Uint8Array([9]))
      .finish();

    const expected = wireBytes(
      ...[255, 1, 0, [0xffff_fffe] as const, Buffer.from('0102030405060708', 'hex'), '\u0001\u0002', 'ä€😀'],
      ...['ssh-userauth', 'a,b@example.com', '', 9],
    );
    expect(written).toEqual(expected);
  });

  it.each([
    [0n, '00000000'],
    [0x9a378f9b2e332a7n, '0000000809a378f9b2e332a7'],
    [0x80n, '000000020080'],
    [0x7fn, '000000017f'],
    [-1n, '00000001ff'],
    [-128n, '0000000180'],
    [-129n, '00000002ff7f'],
    [-0x1234n, '00000002edcc'],
    [-0xdeadbeefn, '00000005ff21524111'],
  ])('writes the mpint %s in as few bytes as possible', (value, hex) => {
    expect(new WireWriter().mpint(value).finish().toString('hex')).toBe(hex);
  });

  it.each([
    ['', '00000000'],
    ['0000', '00000000'],
    ['0001', '0000000101'],
    ['7f', '000000017f'],
    ['80', '000000020080'],
    ['000080', '000000020080'],
  ])('writes the magnitude %j as the mpint it is', (bytes, hex) => {
    expect(new WireWriter().magnitude(Buffer.from(bytes, 'hex')).finish().toString('hex')).toBe(hex);
  });

  it('writes a magnitude like the same number as a bigint', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const value = bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`);
        expect(new WireWriter().magnitude(bytes).finish()).toEqual(new WireWriter().mpint(value).finish());
      }),
    );
  });

  it('grows to any length', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 30 }), (chunks) => {
        const writer = new WireWriter();
        for (const chunk of chunks) writer.bytes(chunk);
        expect(writer.finish().equals(Buffer.concat(chunks))).toBe(true);
      }),
    );
  });

  it('starts afresh after finish, and leaves alone what it handed out', () => {
    const writer = new WireWriter().byte(1);
    const first = writer.finish();
    const second = writer.byte(2).finish();

    expect(first).toEqual(Buffer.of(1));
    expect(second).toEqual(Buffer.of(2));
  });

  it.each([
    ['a byte of 256', (it: WireWriter) => it.byte(256)],
    ['a negative uint32', (it: WireWriter) => it.uint32(-1)],
    ['a uint32 of 2^32', (it: WireWriter) => it.uint32(2 ** 32)],
    ['a uint64 of 2^64', (it: WireWriter) => it.uint64(2n ** 64n)],
    ['a name with a line feed', (it: WireWriter) => it.ascii('a\n')],
    ['a name beyond ASCII', (it: WireWriter) => it.ascii('é')],
    ['a list with a comma in a name', (it: WireWriter) => it.nameList(['a,b'])],
    ['a list with an empty name', (it: WireWriter) => it.nameList(['a', ''])],
    ['a list with a space in a name', (it: WireWriter) => it.nameList(['a b'])],
  ])('throws for %s', (_name, write) => {
    expect(() => write(new WireWriter())).toThrow(RangeError);
  });
});
