import { requireFunction } from '../option-checks.js';
import { policyOptionError } from '../policy-option-error.js';

/**
 * Checks a policy that another one is made of.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if `value` is not a function.
 */
export const requirePolicy = (combination: string, option: string, value: unknown): void => {
  requireFunction(combination, option, value);
};

/**
 * Checks the policies that another one is made of.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if there is none, or one is not a function.
 */
export function requirePolicies(combination: string, values: readonly unknown[]): void {
  // What all of none agree on would be everything.
  if (values.length === 0) throw policyOptionError(combination, 'policies', 'must be one or more', values);
  values.forEach((value, index) => {
    requirePolicy(combination, `policy ${String(index + 1)}`, value);
  });
}
