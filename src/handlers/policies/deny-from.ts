import type { Policy } from '../../streams/policy.js';
import { addressPolicy, type FromConnection } from './address-policy.js';
import type { PolicyOptions } from './policy-options.js';

/**
 * Denies requests from the addresses of `list`, with {@link DenyReason.AddressNotAllowed}. Grants nothing.
 *
 * Entries are written as for {@link allowFrom}. A client whose address is unknown is denied, since it may be any of them.
 *
 * @example
 * ```ts
 * const banned = denyFrom(['203.0.113.0/24', '2001:db8:bad::/48'], { name: 'banned networks' });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an entry cannot be read or the name is empty.
 * @see {@link allowFrom}
 */
export const denyFrom = <R extends FromConnection>(list: readonly string[], options: PolicyOptions = {}): Policy<R> =>
  addressPolicy('denyFrom', list, false, options);
