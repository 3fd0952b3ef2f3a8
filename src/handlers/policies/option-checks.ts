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
 * Checks that there is something to read from, before anything is.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if `value` is not an object.
 */
export function requireObject(policy: string, option: string, value: unknown): void {
  if (typeof value === 'object' && value !== null) return;
  throw policyOptionError(policy, option, 'must be an object', value);
}

/** Whether `value` is an object with these methods, which is all that can be told of one that others have written. */
export function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof Reflect.get(value, name) === 'function');
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
