import type { Policy } from '../../../streams/policy.js';
import type { FromConnection } from '../from-connection.js';
import { requireBoolean } from '../choice-checks.js';
import { liveLimit } from '../counting/live-limit.js';
import { requireCount } from '../option-checks.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { prefixLengths, type SourcePrefixOptions } from '../matching/prefix-lengths.js';
import { sourcePrefix } from '../matching/source-prefix.js';

/** Options of {@link maxPerSource}. */
export interface MaxPerSourceOptions extends PolicyOptions, SourcePrefixOptions {
  /**
   * Whether a connection counts only until somebody has signed in on it, as with PerSourceMaxStartups of OpenSSH. Default
   * false: until it ends.
   */
  readonly unauthenticatedOnly?: boolean;
}

/**
 * Denies connections beyond `limit` at once from one network, with {@link DenyReason.LimitReached}. Grants nothing.
 *
 * A network is the first bits of the address: a single IPv4 address and an IPv6 /64 unless told otherwise, since whoever
 * has a /64 can come from any address in it. IPv4-mapped IPv6 counts as IPv4. A peer without an address, as on a Unix
 * socket, is not limited. Several requests of one connection count once. Of connections that are decided at the same
 * time, each may find the last place free; all but the first are then disconnected again. Remembers the networks of live
 * connections, no others. Servers that are given the same policy count together.
 *
 * @example
 * ```ts
 * const fair = maxPerSource<ConnectionRequest>(10, { ipv4Prefix: 24, unauthenticatedOnly: true });
 * ```
 *
 * @param limit - Connections at once from one network. Integer, at least 1.
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `limit` or an option is out of range.
 * @see {@link maxConnections} and {@link maxStartups}, which count the connections of all networks.
 */
export function maxPerSource<R extends FromConnection>(limit: number, options: MaxPerSourceOptions = {}): Policy<R> {
  const by = policyName('maxPerSource', options);
  requireCount('maxPerSource', 'limit', limit);
  const prefix = prefixLengths('maxPerSource', options);
  const { unauthenticatedOnly = false } = options;
  requireBoolean('maxPerSource', 'unauthenticatedOnly', unauthenticatedOnly);

  return liveLimit<R, string>(by, {
    limit,
    keyOf: ({ connection }) => sourcePrefix(connection.remoteAddress, prefix),
    holderOf: (request) => request.connection,
    message: unauthenticatedOnly
      ? 'too many connections from your network have not signed in'
      : 'there are too many connections from your network',
    unauthenticatedOnly,
  });
}
