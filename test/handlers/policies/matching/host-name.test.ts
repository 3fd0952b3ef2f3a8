import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hostName } from '../../../../src/handlers/policies/matching/host-name.js';

describe('hostName', () => {
  it.each([
    ['db.example.com', 'db.example.com'],
    ['DB.Example.COM.', 'db.example.com'],
    ['localhost', 'localhost'],
    ['_x._tcp.example.com', '_x._tcp.example.com'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['3com.example', '3com.example'],
    ['4.example.a1', '4.example.a1'],
  ])('reads %j', (text, name) => {
    expect(hostName(text)).toBe(name);
  });

  it.each([
    ['nothing', ''],
    ['a dot', '.'],
    ['an empty part', 'a..example.com'],
    ['two dots at the end', 'a.example.com..'],
    // The resolvers of C stop at the NUL: this one is 127.0.0.1.
    ['what ends before it seems to', '127.0.0.1\0.example.com'],
    ['a line break', 'a\n.example.com'],
    ['a blank', 'a .example.com'],
    ['a star', '*.example.com'],
    ['letters that only look like k', '\u212Aube.example.com'],
    ['an address', '192.0.2.7'],
    ['an IPv6 address', '2001:db8::1'],
    // What resolvers take for an IPv4 address.
    ['a short address', '127.1'],
    ['a number', '2130706433'],
    ['a hexadecimal number', '0x7F000001'],
    ['an address that begins with a hexadecimal number', '0x7f.0.0.1.'],
    ['an address that ends with one', '127.0.0.0x1'],
    ['more than DNS can carry', `${'a.'.repeat(126)}ab`],
  ])('takes %s for no name: %j', (_what, text) => {
    expect(hostName(text)).toBeUndefined();
  });

  it('reads up to 253 characters, the dot at the end aside', () => {
    const longest = `${'a.'.repeat(126)}a`;

    expect(hostName(`${longest}.`)).toBe(longest);
  });

  it('gives what it reads as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const name = hostName(text);
        if (name !== undefined) expect(hostName(name)).toBe(name);
      }),
    );
  });
});
