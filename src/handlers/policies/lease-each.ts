import type { Lease } from '../../streams/lease.js';
import type { Policy } from '../../streams/policy.js';
import { type PolicyName, withLease } from '../../streams/verdict.js';
import { decideEach, type UndeniedVerdict } from './decide-each.js';
import { requireFunction } from './option-checks.js';
import { requireName } from './policy-options.js';

/**
 * Makes a policy that decides nothing and attaches a lease to what others grant.
 *
 * `leaseFor` may answer undefined: this grant needs none. If it throws, the request is denied with
 * {@link DenyReason.PolicyFailed} and the failure as its `cause`.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `by` is empty or `leaseFor` is not a function.
 */
export function leaseEach<R>(by: PolicyName, leaseFor: (verdict: UndeniedVerdict<R>) => Lease | undefined): Policy<R> {
  requireName('leaseEach', 'by', by);
  requireFunction('leaseEach', 'leaseFor', leaseFor);
  return decideEach(by, (verdict) => {
    const lease = leaseFor(verdict);
    return lease === undefined ? verdict : withLease<R>(verdict, lease);
  });
}
