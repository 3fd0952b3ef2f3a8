import { policyOptionError } from './policy-option-error.js';

/**
 * Checks a callback while the policy is made, not when the first client suffers from it.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if `value` is not a function.
 */
export function requireFunction(policy: string, option: string, value: unknown): void {
  if (typeof value !== 'function') throw policyOptionError(policy, option, 'must be a function', value);
}

/**
 * Checks a count.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if `value` is not an integer of at least 1.
 */
export function requireCount(policy: string, option: string, value: unknown): void {
  // A count beyond the safe integers would no longer change when it is raised by one.
  if (!Number.isSafeInteger(value) || Number(value) < 1) {
    throw policyOptionError(policy, option, 'must be an integer of at least 1', value);
  }
}

/**
 * Checks a length of time.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if `value` is not a finite number above 0.
 */
export function requireDuration(policy: string, option: string, value: unknown): void {
  if (!Number.isFinite(value) || Number(value) <= 0) {
    throw policyOptionError(policy, option, 'must be a finite number of milliseconds above 0', value);
  }
}
