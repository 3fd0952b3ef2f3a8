import type { Policy } from '../../../streams/policy.js';
import type { FromConnection } from '../from-connection.js';
import { liveLimit } from '../counting/live-limit.js';
import { requireCount } from '../option-checks.js';
import { policyName, type PolicyOptions } from '../policy-options.js';

/**
 * Denies connections beyond `limit` at once, with {@link DenyReason.LimitReached}. Grants nothing.
 *
 * A connection counts from the grant of the request that this policy decides to its end: with `ConnectionRequest` from the
 * first byte on, with `SSHUserAuthRequest` once somebody has signed in. Several requests of one connection count once.
 * Of connections that are decided at the same time, each may find the last place free; all but the first are then
 * disconnected again. Servers that are given the same policy count together.
 *
 * @example
 * ```ts
 * const small = maxConnections<ConnectionRequest>(200);
 * ```
 *
 * @param limit - Connections at once. Integer, at least 1.
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `limit` is out of range or the name is empty.
 * @see {@link maxStartups} and {@link maxPerSource}, which keep one client from taking all the places.
 */
export function maxConnections<R extends FromConnection>(limit: number, options: PolicyOptions = {}): Policy<R> {
  const by = policyName('maxConnections', options);
  requireCount('maxConnections', 'limit', limit);

  return liveLimit<R, 'all'>(by, {
    limit,
    keyOf: () => 'all',
    holderOf: (request) => request.connection,
    message: 'the server has too many connections',
  });
}
