import type { Policy } from '../../../streams/policy.js';
import { grant, type Grantable } from '../../../streams/verdict.js';
import { type Answer, whenAnswered } from '../answer.js';
import { decideEach } from '../decide-each.js';
import { isGrantable } from '../../../streams/is-grantable.js';
import { requireFunction } from '../option-checks.js';
import { policyName, type PolicyOptions } from '../policy-options.js';

/**
 * Grants open requests of which `predicate` says `true`; leaves the others open for later policies.
 *
 * `predicate` never sees a request that proves nothing, such as a key that was only offered, so such a request cannot be
 * granted by mistake. It does see the authentication method `none`. Anything but `true` does not grant, an Observable
 * that completes without a value included. A predicate that fails costs the request at hand, which is denied with
 * {@link DenyReason.PolicyFailed}.
 *
 * @example
 * ```ts
 * const sessions = grantWhen<SSHChannelOpenRequest>((request) => request.channelType === 'session');
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `predicate` is not a function or the name is empty.
 * @see {@link denyWhen}
 */
export function grantWhen<R>(
  predicate: (request: Grantable<R>) => Answer<boolean>,
  options: PolicyOptions = {},
): Policy<R> {
  const by = policyName('grantWhen', options);
  requireFunction('grantWhen', 'predicate', predicate);

  return decideEach(by, (verdict) => {
    const { request } = verdict;
    if (verdict.state !== 'open' || !isGrantable(request)) return verdict;

    return whenAnswered(predicate(request), (yes) => (yes === true ? grant<R>(verdict, request, by) : verdict));
  });
}
