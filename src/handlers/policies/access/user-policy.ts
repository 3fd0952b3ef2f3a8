import { DenyReason } from '../../../streams/deny-reason.js';
import type { Policy } from '../../../streams/policy.js';
import { deny } from '../../../streams/verdict.js';
import { type Answer, whenAnswered } from '../answer.js';
import { type ClientMembership, clientMembership } from '../matching/client-membership.js';
import { decideEach } from '../decide-each.js';
import { NameLookup, type NameLookupOptions } from '../matching/name-lookup.js';
import { clockFor } from '../policy-clock.js';
import { policyOptionError } from '../policy-option-error.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { requestUser, type UserRequest } from '../matching/request-user.js';
import { UserList } from '../matching/user-list.js';

/** Options of {@link allowUsers} and {@link denyUsers}. All but the name concern patterns with a host name alone. */
export interface UserPolicyOptions extends PolicyOptions, NameLookupOptions {}

/**
 * What {@link allowUsers} and {@link denyUsers} share: denies a request unless its user is, as `wanted` has it, on the list
 * or off it. If nobody can say where the client is, and that matters, the request is denied either way.
 */
export function userPolicy<R extends UserRequest>(
  policy: string,
  patterns: readonly string[],
  wanted: boolean,
  options: UserPolicyOptions,
): Policy<R> {
  const by = policyName(policy, options);
  if (!Array.isArray(patterns)) {
    throw policyOptionError(policy, 'patterns', 'must be an array of patterns of users', patterns);
  }
  const reading = UserList.read(patterns);
  if ('fault' in reading) {
    throw policyOptionError(
      policy,
      'patterns',
      `has an entry that cannot be used, since ${reading.fault}`,
      reading.entry,
    );
  }
  const { list } = reading;
  const lookup = new NameLookup(policy, options);

  return decideEach(by, (verdict) => {
    const { request } = verdict;
    const { everywhere, hosts } = list.placesOf(requestUser(request));
    const membership: Answer<ClientMembership> =
      everywhere || hosts.length === 0
        ? { listed: everywhere }
        : clientMembership(hosts, request.connection.remoteAddress, lookup, clockFor(options, verdict));

    return whenAnswered(membership, (user) => {
      if (user?.listed === wanted) return verdict;
      const reason = user?.busy === true ? DenyReason.LimitReached : DenyReason.UserNotAllowed;
      return deny(verdict, by, reason, user?.failure);
    });
  });
}
