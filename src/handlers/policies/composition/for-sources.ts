import { DenyReason } from '../../../streams/deny-reason.js';
import type { Policy } from '../../../streams/policy.js';
import { deny } from '../../../streams/verdict.js';
import { AddressList } from '../matching/address-list.js';
import type { FromConnection } from '../from-connection.js';
import { decideWith } from './decide-with.js';
import { requirePolicy } from './policy-checks.js';
import { policyOptionError } from '../policy-option-error.js';

/**
 * Applies `policy` to requests from the addresses of `list`; those from elsewhere pass untouched.
 *
 * An entry is an address, a CIDR block, an IPv4 address with wildcards (`192.0.2.*`) or `*`. IPv4-mapped IPv6 counts as IPv4.
 *
 * A client whose address is unknown is denied with {@link DenyReason.AddressNotAllowed}, even by `*`: whether the policy
 * opens or restricts, nobody can say whether it applies. So keep this away from servers that take streams
 * without an address. Grants nothing of its own.
 *
 * @example
 * ```ts
 * declare const verify: VerifyPassword;
 *
 * const passwordsInTheOffice = forSources(['192.0.2.0/24', '::1'], grantPassword(verify));
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `list` is empty, an entry cannot be read, or
 * `policy` is not a function.
 * @see {@link forUsers}, {@link when}, {@link allowFrom}
 */
export function forSources<R extends FromConnection>(list: readonly string[], policy: Policy<R>): Policy<R> {
  if (!Array.isArray(list) || list.length === 0) {
    throw policyOptionError('forSources', 'list', 'must be an array of one or more addresses', list);
  }
  requirePolicy('forSources', 'policy', policy);
  const reading = AddressList.read(list);
  if ('fault' in reading) {
    throw policyOptionError(
      'forSources',
      'list',
      `has an entry that cannot be used, since ${reading.fault}`,
      reading.entry,
    );
  }

  return decideWith('forSources', [policy], (verdict, ask) => {
    const listed = reading.list.has(verdict.request.connection.remoteAddress);
    if (listed === undefined) return deny(verdict, 'forSources', DenyReason.AddressNotAllowed);
    return listed ? ask(policy, verdict) : verdict;
  });
}
