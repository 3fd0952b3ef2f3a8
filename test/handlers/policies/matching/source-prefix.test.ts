import { BlockList } from 'node:net';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { sourcePrefix } from '../../../../src/handlers/policies/matching/source-prefix.js';

const customers = { ipv4: 24, ipv6: 64 };
const familyOf = (address: string) => (address.includes(':') ? 'ipv6' : 'ipv4');

describe('sourcePrefix', () => {
  it.each([
    ['192.0.2.7', 24, 64, '192.0.2.0/24'],
    ['192.0.2.255', 25, 64, '192.0.2.128/25'],
    ['192.0.2.7', 32, 64, '192.0.2.7/32'],
    ['192.0.2.7', 31, 64, '192.0.2.6/31'],
    ['203.0.113.9', 0, 64, '0.0.0.0/0'],
    ['2001:db8::7', 32, 64, '2001:db8::/64'],
    ['2001:0DB8:1:2:3:4:5:6', 32, 64, '2001:db8:1:2::/64'],
    ['2001:db8:1:2:3:4:5:6', 32, 56, '2001:db8:1::/56'],
    ['2001:db8:1:2ff:3:4:5:6', 32, 60, '2001:db8:1:2f0::/60'],
    ['2001:db8:1:2:3:4:5:6', 32, 128, '2001:db8:1:2:3:4:5:6/128'],
    ['2001:db8:1:2:3:4:5:7', 32, 127, '2001:db8:1:2:3:4:5:6/127'],
    ['2001:db8::7', 32, 0, '::/0'],
    ['::1', 32, 128, '::1/128'],
  ])('of %s with /%i and /%i is the network %s', (address, ipv4, ipv6, network) => {
    expect(sourcePrefix(address, { ipv4, ipv6 })).toBe(network);
  });

  it.each(['::ffff:192.0.2.7', '::FFFF:c000:207', '0:0:0:0:0:ffff:192.0.2.7'])(
    'counts %s as the IPv4 address that it stands for',
    (mapped) => {
      expect(sourcePrefix(mapped, customers)).toBe('192.0.2.0/24');
    },
  );

  it('is the same whatever the interface and the spelling', () => {
    expect(sourcePrefix('fe80::1%eth0', customers)).toBe('fe80::/64');
    expect(sourcePrefix('FE80:0:0:0:0:0:0:1', customers)).toBe('fe80::/64');
  });

  it.each(['', 'localhost', '192.0.2', '192.0.2.256', '/run/sshd.sock', '2001:db8:::1', '192.0.2.0/24'])(
    'of %j is undefined, since it is no address',
    (text) => {
      expect(sourcePrefix(text, customers)).toBeUndefined();
    },
  );

  it('is a block that contains the address, and the same for each address of the block', () => {
    const addresses = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(addresses, fc.nat({ max: 32 }), fc.nat({ max: 128 }), (address, ipv4, ipv6) => {
        const network = sourcePrefix(address, { ipv4, ipv6 }) ?? '';
        const [first = '', bits] = network.split('/');
        const block = new BlockList();
        block.addSubnet(first, Number(bits), familyOf(first));

        expect(block.check(address, familyOf(address))).toBe(true);
        expect(sourcePrefix(first, { ipv4, ipv6 })).toBe(network);
      }),
    );
  });
});
