import type { ClockOption, PolicyOptions } from 'rxsshd';

import { requireAtLeast, requireGrace, requireWait } from './policy-option-checks.js';

/** How a session goes on to depend on the account in the directory. */
export interface RecheckOptions extends PolicyOptions, ClockOption {
  /**
   * How often the directory is asked again while the session lasts, in milliseconds. A session ends once the account may not be
   * used any more. Default for `allowLdapAccounts` 300 000, for `grantLdapPassword` never.
   */
  readonly recheckMs?: number;
  /**
   * How long a session goes on while the directory cannot be asked, in milliseconds since it was last asked with success; at
   * least `recheckMs`, `Infinity` for as long as it takes. Default three times `recheckMs`.
   */
  readonly maxUnconfirmedMs?: number;
  /** How long a program may still work once the user was told, in milliseconds. 0 to 86 400 000. Default 0. */
  readonly graceMs?: number;
}

/** Checked {@link RecheckOptions}. */
export interface Recheck {
  readonly recheckMs: number;
  readonly maxUnconfirmedMs: number;
  readonly graceMs: number;
}

/**
 * Checks the options and fills in defaults.
 *
 * @returns undefined if nothing is to be asked again
 * @throws SshServerError `ERR_SSH_POLICY_OPTION` for the first that is wrong
 */
export function readRecheck(policy: string, options: RecheckOptions, usualMs?: number): Recheck | undefined {
  const { recheckMs = usualMs, graceMs = 0 } = options;
  requireGrace(policy, graceMs);
  if (recheckMs === undefined) return undefined;
  requireWait(policy, 'recheckMs', recheckMs);
  const { maxUnconfirmedMs = 3 * recheckMs } = options;
  requireAtLeast(policy, 'maxUnconfirmedMs', maxUnconfirmedMs, recheckMs);
  return { recheckMs, maxUnconfirmedMs, graceMs };
}
