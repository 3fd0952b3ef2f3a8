import type { Policy } from '../../streams/policy.js';
import { addressPolicy, type FromConnection } from './address-policy.js';
import type { PolicyOptions } from './policy-options.js';

/**
 * Denies requests from everywhere but the addresses of `list`, with {@link DenyReason.AddressNotAllowed}. Grants nothing.
 *
 * An entry is an address (`192.0.2.7`, `2001:db8::1`), a CIDR block (`192.0.2.0/24`) or `*`. IPv4-mapped IPv6 counts as
 * IPv4. A client whose address is unknown is denied, even by `*`. An empty list denies everybody.
 *
 * @example
 * ```ts
 * const office = allowFrom(['192.0.2.0/24', '2001:db8:7::/48', '127.0.0.1', '::1']);
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an entry cannot be read or the name is empty.
 * @see {@link denyFrom}
 */
export const allowFrom = <R extends FromConnection>(list: readonly string[], options: PolicyOptions = {}): Policy<R> =>
  addressPolicy('allowFrom', list, true, options);
