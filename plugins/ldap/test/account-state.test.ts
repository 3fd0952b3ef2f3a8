import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isAccountUsable } from '../src/account-state.js';
import { directoryEntry } from '../src/directory-entry.js';

const NOW = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const today = NOW / DAY_MS;
const filetime = (time: number): string => String(BigInt(time + 11_644_473_600_000) * 10_000n);

const isUsable = (attributes: Readonly<Record<string, string | string[] | Buffer>>): boolean =>
  isAccountUsable(directoryEntry({ dn: 'uid=ann', ...attributes }), NOW);

describe('an account', () => {
  it.each([
    {},
    { pwdAccountLockedTime: '20251231000000Z' },
    { shadowExpire: String(today + 1) },
    { shadowExpire: '-1' },
    { nsAccountLock: 'FALSE' },
    { nsAccountLock: 'false' },
    { pwdAccountLockedTime: '20251231000000.5+0100' },
    { krbPrincipalExpiration: '20260101000001Z' },
    { krbPrincipalExpiration: '20260101010000+0059' },
    { userAccountControl: '512' },
    { accountExpires: '0' },
    { accountExpires: '9223372036854775807' },
    { accountExpires: filetime(NOW + 1) },
    { shadowExpire: [] },
  ])('with %o may be used', (attributes) => {
    expect(isUsable(attributes)).toBe(true);
  });

  it.each([
    { pwdAccountLockedTime: '000001010000Z' },
    { pwdaccountlockedtime: '000001010000Z' },
    { shadowExpire: String(today) },
    { shadowExpire: '0' },
    { shadowExpire: 'never' },
    { shadowExpire: Buffer.from('1') },
    { pwdAccountLockedTime: 'locked' },
    { pwdAccountLockedTime: '' },
    { pwdAccountLockedTime: '20250230000000Z' },
    { nsAccountLock: 'TRUE' },
    { nsAccountLock: 'yes' },
    { nsAccountLock: '1' },
    { nsAccountLock: '' },
    { krbPrincipalExpiration: '20260101000000Z' },
    { krbPrincipalExpiration: '202601010059+0100' },
    { krbPrincipalExpiration: 'never' },
    { krbPrincipalExpiration: '2099' },
    { NSACCOUNTLOCK: 'true' },
    { userAccountControl: '514' },
    { userAccountControl: 'x' },
    { accountExpires: filetime(NOW) },
    { accountExpires: '' },
    { shadowExpire: ['-1', '1'] },
    { userAccountControl: '512', nsAccountLock: 'TRUE' },
  ])('with %o may not', (attributes) => {
    expect(isUsable(attributes)).toBe(false);
  });

  it('that may not be used may not with anything else beside it', () => {
    const others = fc.record(
      { userAccountControl: fc.nat().map(String), accountExpires: fc.bigInt().map(String), shadowExpire: fc.string() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(others, (attributes) => {
        expect(isUsable({ ...attributes, nsAccountLock: 'TRUE' })).toBe(false);
      }),
    );
  });
});
