import type { Policy } from '../../../streams/policy.js';
import { addressPolicy, type AddressPolicyOptions } from './address-policy.js';
import type { FromConnection } from '../from-connection.js';

/**
 * Denies requests from everywhere but the hosts of `list`, with {@link DenyReason.AddressNotAllowed}. Grants nothing.
 *
 * An entry is an address (`192.0.2.7`, `2001:db8::1`), a CIDR block (`192.0.2.0/24`), an IPv4 address with wildcards
 * (`192.0.2.*`), a host name, with or without wildcards (`*.example.com`, `build-?.example.com`), or `*`. IPv4-mapped IPv6
 * counts as IPv4. A client whose address is unknown is denied, even by `*`. An empty list denies everybody.
 *
 * Only a list with host names looks anything up, and only for clients whose address is not on it. A name counts if it is
 * verified: the address has the name, and the name has the address. Who cannot be looked up is denied; a failure is the
 * `cause`. Clients beyond `maxLookups` at once are denied with {@link DenyReason.LimitReached}.
 *
 * A verified name is only as good as the name servers between: prefer addresses.
 *
 * @example
 * ```ts
 * const office = allowFrom(['192.0.2.0/24', '2001:db8:7::/48', '*.office.example.com', '127.0.0.1', '::1']);
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an entry cannot be read, an option is out of
 * range or the name is empty.
 * @see {@link denyFrom}
 */
export const allowFrom = <R extends FromConnection>(
  list: readonly string[],
  options: AddressPolicyOptions = {},
): Policy<R> => addressPolicy('allowFrom', list, true, options);
