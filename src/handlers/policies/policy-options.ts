import type { PolicyName } from '../../streams/verdict.js';
import { requireObject } from './option-checks.js';
import { policyOptionError } from './policy-option-error.js';

/** What every policy of the catalogue can be told. */
export interface PolicyOptions {
  /** What the policy calls itself in logs, events and errors. Default: the name of its function. */
  readonly name?: PolicyName;
}

/**
 * The name that a policy goes by.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if the name is empty, or the options are none.
 */
export function policyName(policy: string, options: PolicyOptions): PolicyName {
  requireObject(policy, 'options', options);
  const { name = policy } = options;
  requireName(policy, 'name', name);
  return name;
}

/**
 * Checks what a policy is to be called.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if `value` is no text or says nothing.
 */
export function requireName(policy: string, option: string, value: unknown): void {
  if (typeof value === 'string' && value.trim() !== '') return;
  throw policyOptionError(policy, option, 'must not be empty', value);
}
