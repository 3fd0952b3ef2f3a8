import { describe, expect, it } from 'vitest';

import { readFromOption } from '../../../../src/handlers/policies/authentication/key-from-option.js';

function admits(value: string, address: string): boolean {
  const reading = readFromOption(value);
  if ('fault' in reading) throw new Error(reading.fault);
  return reading.admits(address);
}

const excluded = 'entry 1 cannot be used, since what is excluded cannot be IPv6 with wildcards: write a CIDR block';
const unread = 'entry 1 cannot be used, since it is neither an address nor a CIDR block, and names are not looked up';

describe('readFromOption', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '::ffff:192.0.2.7', true],
    ['192.0.2.*', '192.0.2.77', true],
    ['192.0.2.?', '192.0.2.77', false],
    ['192.0.*', '192.0.2.7', true],
    ['2001:DB8:*', '2001:db8::5', true],
    ['2001:db8:*', '2001:db9::5', false],
    ['fe80::1', 'fe80::1%eth0', true],
    ['*', '2001:db8::5', true],
    ['*', 'localhost', false],
    ['*', '', false],
    ['*,!192.0.2.0/24', '192.0.2.7', false],
    ['*,!192.0.2.*', '192.0.2.7', false],
    ['*,!192.0.2.*', '::ffff:192.0.2.7', false],
    ['!*,192.0.2.7', '192.0.2.7', false],
    ['*,!2001:db8::/32', '2001:db8::5', false],
    ['!192.0.2.7', '192.0.2.8', false],
  ])('%s admits from %j: %s', (value, address, expected) => {
    expect(admits(value, address)).toBe(expected);
  });

  it.each([
    ['desk.example.com', unread],
    ['', unread],
    ['192.0.2.7/24/8', unread],
    // Of the many ways to write an address only one is compared, so such an exclusion would not exclude much.
    ['!2001:db8:0:*', excluded],
    ['!::ffff:192.0.2.*', excluded],
  ])('refuses %j', (value, fault) => {
    expect(readFromOption(value)).toEqual({ fault });
  });

  it('reads a long line of stars, which users may write, as fast as any other', () => {
    const started = process.cpuUsage();
    expect(readFromOption(`${'*'.repeat(60_000)}g`)).toEqual({ fault: unread });
    expect(admits(`${'1*'.repeat(30_000)}2`, '111.111.111.111')).toBe(false);
    expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
  });
});
