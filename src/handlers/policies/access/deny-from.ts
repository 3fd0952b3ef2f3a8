import type { Policy } from '../../../streams/policy.js';
import { addressPolicy, type AddressPolicyOptions } from './address-policy.js';
import type { FromConnection } from '../from-connection.js';

/**
 * Denies requests from the hosts of `list`, with {@link DenyReason.AddressNotAllowed}. Grants nothing.
 *
 * Entries are written and looked up as for {@link allowFrom}. A client whose address is unknown is denied, since it may be
 * any of them; with host names on the list, so is one without a verified name and one that cannot be looked up.
 *
 * Whoever owns an address chooses its name: a name on this list keeps out those who do not mind being known by it.
 *
 * @example
 * ```ts
 * const banned = denyFrom(['203.0.113.0/24', '2001:db8:bad::/48'], { name: 'banned networks' });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an entry cannot be read, an option is out of
 * range or the name is empty.
 * @see {@link allowFrom}
 */
export const denyFrom = <R extends FromConnection>(
  list: readonly string[],
  options: AddressPolicyOptions = {},
): Policy<R> => addressPolicy('denyFrom', list, false, options);
