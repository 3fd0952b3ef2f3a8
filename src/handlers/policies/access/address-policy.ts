import { DenyReason } from '../../../streams/deny-reason.js';
import type { Policy } from '../../../streams/policy.js';
import { deny } from '../../../streams/verdict.js';
import { whenAnswered } from '../answer.js';
import { clientMembership } from '../matching/client-membership.js';
import { decideEach } from '../decide-each.js';
import { HostList } from '../matching/host-list.js';
import { NameLookup, type NameLookupOptions } from '../matching/name-lookup.js';
import { clockFor } from '../policy-clock.js';
import { policyOptionError } from '../policy-option-error.js';
import type { FromConnection } from '../from-connection.js';
import { policyName, type PolicyOptions } from '../policy-options.js';

/** Options of {@link allowFrom} and {@link denyFrom}. All but the name concern lists with host names alone. */
export interface AddressPolicyOptions extends PolicyOptions, NameLookupOptions {}

/**
 * What {@link allowFrom} and {@link denyFrom} share: denies a request unless its client is, as `wanted` has it, on the
 * list or off it. A client of which nobody can say is denied either way.
 */
export function addressPolicy<R extends FromConnection>(
  policy: string,
  entries: readonly string[],
  wanted: boolean,
  options: AddressPolicyOptions,
): Policy<R> {
  const by = policyName(policy, options);
  if (!Array.isArray(entries)) throw policyOptionError(policy, 'list', 'must be an array of addresses', entries);
  const reading = HostList.read(entries);
  if ('fault' in reading) {
    throw policyOptionError(policy, 'list', `has an entry that cannot be used, since ${reading.fault}`, reading.entry);
  }
  const lists = [reading.list];
  const lookup = new NameLookup(policy, options);

  return decideEach(by, (verdict) =>
    whenAnswered(
      clientMembership(lists, verdict.request.connection.remoteAddress, lookup, clockFor(options, verdict)),
      (client) => {
        if (client?.listed === wanted) return verdict;
        const reason = client?.busy === true ? DenyReason.LimitReached : DenyReason.AddressNotAllowed;
        return deny(verdict, by, reason, client?.failure);
      },
    ),
  );
}
