import { inspect } from 'node:util';

import { SshServerError } from 'rxsshd';

/**
 * The error for an option that a policy cannot work with: names the policy, the option, the rule and the value.
 *
 * @param rule - the end of a sentence that begins with the option's name, such as `must be a function`
 */
export const optionError = (policy: string, option: string, rule: string, value: unknown): SshServerError =>
  new SshServerError('ERR_SSH_POLICY_OPTION', `${policy}: ${option} ${rule}, got ${inspect(value, { depth: 0 })}`);
