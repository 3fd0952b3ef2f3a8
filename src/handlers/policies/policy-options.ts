import type { PolicyName } from '../../streams/verdict.js';
import { policyOptionError } from './policy-option-error.js';

/** What every policy of the catalogue can be told. */
export interface PolicyOptions {
  /** What the policy calls itself in logs, events and errors. Default: the name of its function. */
  readonly name?: PolicyName;
}

/**
 * The name that a policy goes by.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if the name is empty.
 */
export function policyName(policy: string, { name = policy }: PolicyOptions): PolicyName {
  if (typeof name !== 'string' || name.trim() === '') {
    throw policyOptionError(policy, 'name', 'must not be empty', name);
  }
  return name;
}
