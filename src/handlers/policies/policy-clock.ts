import { type Clock, systemClock } from '../../streams/clock.js';
import type { PolicyContext } from '../../streams/policy-context.js';
import { hasMethods } from './option-checks.js';
import { policyOptionError } from './policy-option-error.js';

/** Options of a policy that needs the time. */
export interface ClockOption {
  /** Where time comes from. Default the clock of the server that asks. */
  readonly clock?: Clock;
}

/**
 * Checks the clock of a policy while it is made, not when it is asked for the time.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if `clock` is given and is none.
 */
export function requireClock(policy: string, { clock }: ClockOption): void {
  // JavaScript may bring anything.
  const given: Partial<Clock> | undefined = clock;
  if (given === undefined || (hasMethods(given, 'now') && hasMethods(given.scheduler, 'schedule'))) return;
  throw policyOptionError(policy, 'clock', 'must be a Clock', given);
}

/** The clock that a policy goes by: its own, else that of the server that asks, else the real time. */
export const clockFor = ({ clock }: ClockOption, { context }: { readonly context?: PolicyContext }): Clock =>
  clock ?? context?.clock ?? systemClock;
