import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { HostList } from '../../../../src/handlers/policies/matching/host-list.js';

function listOf(...entries: readonly string[]): HostList {
  const reading = HostList.read(entries);
  if ('fault' in reading) throw new Error(`${reading.entry}: ${reading.fault}`);
  return reading.list;
}

describe('HostList', () => {
  it.each([
    ['db.example.com', 'db.example.com', true],
    ['db.example.com', 'DB.Example.com.', true],
    ['DB.Example.com.', 'db.example.com', true],
    ['db.example.com', 'db.example.org', false],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'a.example.com.evil.test', false],
    ['build-?.example.com', 'build-7.example.com', true],
    ['build-?.example.com', 'build-77.example.com', false],
    ['localhost', 'localhost', true],
    ['_x._tcp.example.com', '_x._tcp.example.com', true],
    ['10.0.0.0/8', 'ten.example.com', false],
    ['*', 'any.example.com', true],
    ['*.example.com', '127.0.0.1\0.example.com', false],
    ['*.example.com', 'a\n.example.com', false],
    ['*.example.com', 'a..example.com', false],
    ['kube.example.com', '\u212Aube.example.com', false],
    ['*a*', '0xa.0.0.1', false],
  ])('%s has the name %s: %s', (entry, name, expected) => {
    expect(listOf(entry).hasName(name)).toBe(expected);
    expect(listOf(entry).has(name)).toBe(expected);
  });

  it('has addresses by entries that are addresses, and never by names', () => {
    const list = listOf('192.0.2.*', '2001:db8::/32', '*.example.com', '*a*');

    expect(list.has('192.0.2.7')).toBe(true);
    expect(list.has('::ffff:192.0.2.7')).toBe(true);
    expect(list.has('2001:db8::a')).toBe(true);
    expect(list.has('2001:db9::a')).toBe(false);
    expect(list.hasAddress('a.example.com')).toBeUndefined();
  });

  it('knows whether it has names, for which a star alone does not count', () => {
    expect(listOf('192.0.2.*', '*', '::1').hasNames).toBe(false);
    expect(listOf('192.0.2.*', '*.example.com').hasNames).toBe(true);
  });

  it.each([
    ['192.0.2.300', 'it is neither an address nor a CIDR block'],
    ['', 'it is neither an address nor a CIDR block'],
    ['2001:db8:*', 'it is neither an address nor a CIDR block'],
    ['192.0.2*', 'its wildcards fit no IPv4 address: write four parts, or end in .*'],
    ['**', 'its wildcards fit no IPv4 address: write four parts, or end in .*'],
    ['?', 'its wildcards fit no IPv4 address: write four parts, or end in .*'],
    ['*.*', 'its wildcards fit no IPv4 address: write four parts, or end in .*'],
    ['host name', 'it is neither an address, a CIDR block nor a host name'],
    ['!host', 'it is neither an address, a CIDR block nor a host name'],
    ['a..b', 'it is neither an address, a CIDR block nor a host name'],
    ['.example.com', 'it is neither an address, a CIDR block nor a host name'],
    ['bücher.example', 'it is neither an address, a CIDR block nor a host name'],
    ['ann@host', 'it is neither an address, a CIDR block nor a host name'],
  ])('names the entry that it cannot read: %j', (entry, fault) => {
    expect(HostList.read(['localhost', entry, 'a b c'])).toEqual({ entry, fault });
  });

  it('reads any text or says why not, and never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (entry, host) => {
        const reading = HostList.read([entry]);
        if ('list' in reading) expect(typeof reading.list.has(host)).toBe('boolean');
        else expect(reading.fault).not.toBe('');
      }),
    );
  });
});
