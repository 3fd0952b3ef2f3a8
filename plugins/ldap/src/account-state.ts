import type { DirectoryEntry } from './directory-entry.js';
import { readGeneralizedTime } from './generalized-time.js';

const DAY_MS = 86_400_000;

/** What Active Directory counts from: 1601, in steps of 100 nanoseconds. */
const FILETIME_EPOCH_MS = -11_644_473_600_000;

/** `userAccountControl` of Active Directory: the account is disabled. */
const ACCOUNT_DISABLED = 0x2;

/** `pwdAccountLockedTime` of an account that an administrator has locked for good (draft-behera-ldap-password-policy). */
const LOCKED_FOR_GOOD = '000001010000Z';

/**
 * Says when an account ends by the value of an attribute, in milliseconds since the epoch: in the past for one that is locked or
 * disabled, `Infinity` for one that does not end, NaN for a value that makes no sense.
 */
type EndOf = (value: string) => number;

const numberIn = (value: string): number => (/^-?\d+$/.test(value) ? Number(value) : NaN);

/** Of an account that is locked at the first value, and is not at the second. */
const lock =
  (locked: string, free: string): EndOf =>
  (value) => {
    const given = value.toLowerCase();
    if (given === locked) return -Infinity;
    return given === free ? Infinity : NaN;
  };

/** By the attribute's name. All are read of every account, since they do not get in each other's way. */
const ENDS: Readonly<Record<string, EndOf>> = {
  // OpenLDAP. A lock that passes by itself is for guessed passwords, and the directory enforces it when one is tried.
  pwdAccountLockedTime: (value) => {
    if (value === LOCKED_FOR_GOOD) return -Infinity;
    return Number.isNaN(readGeneralizedTime(value)) ? NaN : Infinity;
  },
  // shadow(5), by RFC 2307: in days; -1 and less is never.
  shadowExpire: (value) => (numberIn(value) < 0 ? Infinity : numberIn(value) * DAY_MS),
  // 389 Directory Server and FreeIPA.
  nsAccountLock: lock('true', 'false'),
  // Kerberos, as of FreeIPA and the LDAP backend of MIT.
  krbPrincipalExpiration: readGeneralizedTime,
  // Active Directory. 0 and the largest number are never; the latter is rounded on its way, like all that are near it.
  userAccountControl: (value) => {
    const flags = numberIn(value);
    if (Number.isNaN(flags)) return NaN;
    return (flags & ACCOUNT_DISABLED) === 0 ? Infinity : -Infinity;
  },
  accountExpires: (value) => {
    const steps = numberIn(value);
    return steps === 0 || steps >= 2 ** 63 ? Infinity : FILETIME_EPOCH_MS + steps / 10_000;
  },
};

/** The attributes that say whether an account may be used. Operational ones have to be asked for by name. */
export const STATE_ATTRIBUTES: readonly string[] = Object.keys(ENDS);

/** Whether the account may be used at the time `now`. One with a value that makes no sense may not. */
export const isAccountUsable = (entry: DirectoryEntry, now: number): boolean =>
  Object.entries(ENDS).every(([attribute, endOf]) => entry.valuesOf(attribute).every((value) => now < endOf(value)));
