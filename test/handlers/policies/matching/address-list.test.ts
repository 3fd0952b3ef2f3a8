import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { AddressList } from '../../../../src/handlers/policies/matching/address-list.js';
import { bytesOf, readIpAddress } from '../../../../src/handlers/policies/matching/ip-address.js';

function listOf(...entries: readonly string[]): AddressList {
  const reading = AddressList.read(entries);
  if ('fault' in reading) throw new Error(`${reading.entry}: ${reading.fault}`);
  return reading.list;
}

/** The 16-bit groups of an IPv6 address, in full. */
const spell = (bits: bigint): string =>
  Array.from({ length: 8 }, (_group, index) => ((bits >> BigInt(112 - 16 * index)) & 0xffffn).toString(16)).join(':');
const dotted = (bits: bigint): string => [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 0xffn)).join('.');

/** An address as a number and as text. */
interface Sample {
  readonly bits: bigint;
  readonly text: string;
}

// Few different bits, so that addresses fall into each other's blocks.
const bitsOf = (size: number): fc.Arbitrary<bigint> =>
  fc
    .array(fc.nat({ max: size - 1 }), { maxLength: 3 })
    .map((ones) => ones.reduce((bits, one) => bits | (1n << BigInt(one)), 0n));
const ipv4 = bitsOf(32).map((bits): Sample => ({ bits, text: dotted(bits) }));
const ipv6 = bitsOf(128)
  .filter((bits) => bits >> 32n !== 0xffffn)
  .map((bits): Sample => ({ bits, text: spell(bits) }));

const sharesPrefix = (a: bigint, b: bigint, size: number, prefix: number): boolean =>
  a >> BigInt(size - prefix) === b >> BigInt(size - prefix);

describe('AddressList', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['0.0.0.0/0', '203.0.113.1', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['2001:db8::1', '2001:DB8:0:0::1', true],
    ['2001:db8::/32', '2001:db8:ffff::', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '192.0.2.7', false],
    ['::/0', '::ffff:192.0.2.7', false],
    ['192.0.2.7', '::ffff:192.0.2.7', true],
    ['192.0.2.7', '::ffff:c000:207', true],
    ['192.0.2.0/24', '0:0:0:0:0:ffff:192.0.2.9', true],
    ['::ffff:192.0.2.7', '192.0.2.7', true],
    ['::ffff:192.0.2.0/120', '192.0.2.9', true],
    ['::ffff:192.0.2.0/120', '192.0.3.9', false],
    ['::ffff:0.0.0.0/96', '203.0.113.1', true],
    ['::192.0.2.7', '192.0.2.7', false],
    ['fe80::1', 'fe80::1%eth0', true],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['192.0.2.*', '192.0.2.7', true],
    ['192.0.2.*', '::ffff:192.0.2.7', true],
    ['192.0.2.*', '192.0.20.7', false],
    ['192.0.2.*', '2001:db8::1', false],
    ['10.*', '10.1.2.3', true],
    ['10.*', '101.1.2.3', false],
    ['192.*.2.7', '192.255.2.7', true],
    ['192.*.2.7', '192.255.3.7', false],
    ['192.0.2.1?', '192.0.2.10', true],
    ['192.0.2.1?', '192.0.2.1', false],
    ['192.0.2.1?', '192.0.2.100', false],
    ['*', '192.0.2.7', true],
    ['*', '2001:db8::1', true],
  ])('%s has %s: %s', (entry, address, expected) => {
    expect(listOf(entry).has(address)).toBe(expected);
  });

  it('has what any of its entries has', () => {
    const list = listOf('192.0.2.1', '2001:db8::/32', '10.0.0.0/8');

    expect(['192.0.2.1', '2001:db8::5', '10.9.8.7', '192.0.2.2'].map((it) => list.has(it))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(listOf().has('192.0.2.1')).toBe(false);
  });

  it.each(['', 'localhost', '192.0.2', '192.0.2.07', '192.0.2.1:22', '192.0.2.1 ', '[::1]', '%eth0'])(
    'says of %j neither yes nor no',
    (address) => {
      expect(listOf('*').has(address)).toBeUndefined();
      expect(listOf('0.0.0.0/0', '::/0').has(address)).toBeUndefined();
    },
  );

  it.each([
    ['', 'it is neither an address nor a CIDR block'],
    ['example.com', 'it is neither an address nor a CIDR block'],
    ['2001:db8:*', 'it is neither an address nor a CIDR block'],
    ['192.0.2*', 'its wildcards fit no IPv4 address: write four parts, or end in .*'],
    ['192.0.*.2.*', 'its wildcards fit no IPv4 address: write four parts, or end in .*'],
    ['192.0.?', 'its wildcards fit no IPv4 address: write four parts, or end in .*'],
    ['192..2.*', 'its wildcards fit no IPv4 address: write four parts, or end in .*'],
    ['192.0.2.3??', 'its wildcards fit no IPv4 address: write four parts, or end in .*'],
    ['256.*', 'its wildcards fit no IPv4 address: write four parts, or end in .*'],
    ['01.*', 'its wildcards fit no IPv4 address: write four parts, or end in .*'],
    ['*.*.*.*', 'its wildcards fit no IPv4 address: write four parts, or end in .*'],
    ['192.0.2.256', 'it is neither an address nor a CIDR block'],
    ['192.0.2.0/24/8', 'it is neither an address nor a CIDR block'],
    ['fe80::1%eth0', 'it is neither an address nor a CIDR block'],
    ['*/0', 'it is neither an address nor a CIDR block'],
    ['192.0.2.0/33', 'its prefix length must be 0 to 32'],
    ['192.0.2.0/', 'its prefix length must be 0 to 32'],
    ['192.0.2.0/08', 'its prefix length must be 0 to 32'],
    ['192.0.2.0/-1', 'its prefix length must be 0 to 32'],
    ['192.0.2.0/255.255.255.0', 'its prefix length must be 0 to 32'],
    ['2001:db8::/129', 'its prefix length must be 0 to 128'],
    ['::ffff:192.0.2.0/24', 'its prefix length must be 96 to 128'],
    ['192.0.2.1/24', 'it has bits set beyond the first 24'],
    ['128.0.0.0/0', 'it has bits set beyond the first 0'],
    ['2001:db8::1/127', 'it has bits set beyond the first 127'],
    ['::ffff:192.0.2.1/120', 'it has bits set beyond the first 120'],
  ])('names the entry that it cannot read: %j', (entry, fault) => {
    expect(AddressList.read(['192.0.2.0/24', entry, 'worse'])).toEqual({ entry, fault });
  });

  it('says so of an entry that is not text', () => {
    // As JavaScript might.
    expect(AddressList.read([7 as unknown as string])).toEqual({ entry: 7, fault: 'it is not text' });
  });

  it('agrees with arithmetic on IPv4', () => {
    fc.assert(
      fc.property(ipv4, ipv4, fc.integer({ min: 0, max: 32 }), (block, client, prefix) => {
        const network = (block.bits >> BigInt(32 - prefix)) << BigInt(32 - prefix);
        const expected = sharesPrefix(network, client.bits, 32, prefix);

        expect(listOf(`${dotted(network)}/${String(prefix)}`).has(client.text)).toBe(expected);
        expect(listOf(`::ffff:${dotted(network)}/${String(prefix + 96)}`).has(client.text)).toBe(expected);
        expect(listOf(`${dotted(network)}/${String(prefix)}`).has(spell((0xffffn << 32n) | client.bits))).toBe(
          expected,
        );
      }),
    );
  });

  it('agrees with arithmetic on IPv6', () => {
    fc.assert(
      fc.property(ipv6, ipv6, fc.integer({ min: 0, max: 128 }), (block, client, prefix) => {
        const network = (block.bits >> BigInt(128 - prefix)) << BigInt(128 - prefix);
        // Below ::ffff:0:0/96 a block is read as IPv4, which the test above covers.
        fc.pre(network >> 32n !== 0xffffn);

        expect(listOf(`${spell(network)}/${String(prefix)}`).has(client.text)).toBe(
          sharesPrefix(network, client.bits, 128, prefix),
        );
      }),
    );
  });

  it('refuses a block exactly if a bit beyond its prefix is set', () => {
    fc.assert(
      fc.property(ipv6, fc.integer({ min: 0, max: 128 }), ({ bits, text }, prefix) => {
        const clean = (bits >> BigInt(128 - prefix)) << BigInt(128 - prefix) === bits;

        expect('list' in AddressList.read([`${text}/${String(prefix)}`])).toBe(clean);
      }),
    );
  });
});

describe('readIpAddress', () => {
  it('gives an address that reads the same again', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const ip = readIpAddress(text);

        expect(ip).toBeDefined();
        expect(readIpAddress(ip?.address ?? '')).toEqual(ip);
      }),
    );
  });

  it('gives every bit of an address', () => {
    fc.assert(
      fc.property(ipv6, ({ bits, text }) => {
        const ip = readIpAddress(text);
        if (ip === undefined) throw new Error(`${text} was not read`);

        expect(BigInt(`0x${Buffer.from(bytesOf(ip)).toString('hex')}`)).toBe(bits);
        expect(bytesOf(ip)).toHaveLength(16);
      }),
    );
  });
});
