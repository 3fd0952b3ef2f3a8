import { inspect } from 'node:util';

import { SshServerError } from '../../errors.js';

/**
 * The error for an option that a policy cannot work with: names the policy, the option, the rule and the value.
 *
 * @param rule - The end of a sentence that begins with the option's name, such as `must be above 0`.
 */
export function policyOptionError(policy: string, option: string, rule: string, value: unknown): SshServerError {
  // Values come from configuration, so they are shortened to one readable line.
  const got = inspect(value, { depth: 1, maxArrayLength: 10, maxStringLength: 80, breakLength: Infinity });
  return new SshServerError('ERR_SSH_POLICY_OPTION', `${policy}: ${option} ${rule}, got ${got}`);
}
