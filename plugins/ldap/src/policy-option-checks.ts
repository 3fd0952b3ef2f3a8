import { inspect } from 'node:util';

import { SshServerError } from 'rxsshd';

import type { LdapDirectory } from './ldap-directory.js';

/** What the timers of Node can wait for, in milliseconds. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

const wrong = (policy: string, option: string, rule: string, value: unknown): SshServerError =>
  new SshServerError('ERR_SSH_POLICY_OPTION', `${policy}: ${option} ${rule}, got ${inspect(value, { depth: 0 })}`);

/** @throws SshServerError `ERR_SSH_POLICY_OPTION` if `value` is no directory */
export function requireDirectory(policy: string, value: Partial<LdapDirectory> | null | undefined): void {
  if (typeof value?.verify === 'function' && typeof value.find === 'function') return;
  throw wrong(policy, 'directory', 'must be an LdapDirectory', value);
}

/** @throws SshServerError `ERR_SSH_POLICY_OPTION` if `value` is none of `choices` */
export function requireChoice(policy: string, option: string, value: unknown, choices: readonly string[]): void {
  if (choices.some((choice) => choice === value)) return;
  throw wrong(policy, option, `must be ${choices.map((choice) => `'${choice}'`).join(' or ')}`, value);
}

/** @throws SshServerError `ERR_SSH_POLICY_OPTION` if `value` is no time that a timer can wait for */
export function requireWait(policy: string, option: string, value: unknown): void {
  if (typeof value === 'number' && value > 0 && value <= LONGEST_WAIT_MS) return;
  throw wrong(policy, option, `must be above 0 and at most ${String(LONGEST_WAIT_MS)} milliseconds`, value);
}

/** @throws SshServerError `ERR_SSH_POLICY_OPTION` if `value` is not from 0 to a day */
export function requireGrace(policy: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0 && value <= 86_400_000) return;
  throw wrong(policy, 'graceMs', 'must be from 0 to 86400000', value);
}

/** @throws SshServerError `ERR_SSH_POLICY_OPTION` if `value` is no number from `least` on */
export function requireAtLeast(policy: string, option: string, value: unknown, least: number): void {
  if (typeof value === 'number' && value >= least) return;
  throw wrong(policy, option, `must be at least ${String(least)}`, value);
}
