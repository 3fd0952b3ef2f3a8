import type { PolicyName } from '../../../streams/verdict.js';
import { type ClockOption, requireClock } from '../policy-clock.js';
import { policyOptionError } from '../policy-option-error.js';
import { policyName, type PolicyOptions } from '../policy-options.js';

/** Options of a policy that ends what was granted. */
export interface EndingOptions extends PolicyOptions, ClockOption {
  /** How long a program may still work once the user was told, in milliseconds. 0 to 86 400 000, a day. Default 0. */
  readonly graceMs?: number;
}

/** Options of a policy that ends what was granted at a moment known before. */
export interface DeadlineOptions extends EndingOptions {
  /**
   * How long before the end users are warned, in milliseconds; a list for several warnings. 0 and the empty list stand for
   * no warning. If there is less time than that from the start, the warning comes at the start. Default no warning.
   */
  readonly warnBeforeMs?: number | readonly number[];
}

/** Checked {@link DeadlineOptions}. */
export interface Ending {
  readonly by: PolicyName;
  readonly graceMs: number;
  /** The longest first, all above 0. */
  readonly warnBeforeMs: readonly number[];
}

const MAX_GRACE_MS = 86_400_000;

/**
 * Checks what all policies that end something can be told.
 *
 * @param withinMs - How long the thing lasts: warnings have to come later than its start. Default no limit.
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if an option is out of range.
 */
export function endingOf(policy: string, options: DeadlineOptions, withinMs = Infinity): Ending {
  const by = policyName(policy, options);
  requireClock(policy, options);
  const { graceMs = 0, warnBeforeMs = [] } = options;
  if (!Number.isFinite(graceMs) || graceMs < 0 || graceMs > MAX_GRACE_MS) {
    throw policyOptionError(policy, 'graceMs', `must be from 0 to ${String(MAX_GRACE_MS)}`, graceMs);
  }
  const warnings = typeof warnBeforeMs === 'number' ? [warnBeforeMs] : warnBeforeMs;
  if (!Array.isArray(warnings) || !warnings.every((ms) => Number.isFinite(ms) && ms >= 0)) {
    throw policyOptionError(
      policy,
      'warnBeforeMs',
      'must be a finite number from 0 on, or a list of them',
      warnBeforeMs,
    );
  }
  if (warnings.some((ms) => ms >= withinMs)) {
    throw policyOptionError(policy, 'warnBeforeMs', `must be below ${String(withinMs)}`, warnBeforeMs);
  }
  const longestFirst = [...new Set(warnings)].filter((ms) => ms > 0).sort((a, b) => b - a);
  return { by, graceMs, warnBeforeMs: longestFirst };
}
