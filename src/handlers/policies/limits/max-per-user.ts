import type { SSHChannelOpenRequest } from '../../../streams/events/ssh-channel-open-request.js';
import type { SSHUserAuthRequest } from '../../../streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../streams/policy.js';
import { requireChoice } from '../choice-checks.js';
import { liveLimit } from '../counting/live-limit.js';
import { requireCount } from '../option-checks.js';
import { policyName, type PolicyOptions } from '../policy-options.js';

/** Options of {@link maxPerUser}. */
export interface MaxPerUserOptions extends PolicyOptions {
  /**
   * What is counted: `connections` on which the user is signed in, on `SSHUserAuthRequest`; `channels` that the user has
   * open, on `SSHChannelOpenRequest`.
   */
  readonly scope: 'connections' | 'channels';
}

/**
 * Denies a user more than `limit` connections, or open channels, at once, with {@link DenyReason.LimitReached}. Grants
 * nothing.
 *
 * Users are told apart by their names as the client sent them. Only who has signed in counts, so nobody can take the places
 * of others by naming them; while they are taken, though, every authentication request in that name is denied, the right
 * password as well as the wrong. Of requests that are decided at the same time, each may find the last place free; all
 * but the first to begin are then revoked. Servers that are given the same policy count together.
 *
 * @example
 * ```ts
 * const signIns = maxPerUser(3, { scope: 'connections' });
 * const channels = maxPerUser(20, { scope: 'channels' });
 * ```
 *
 * @param limit - Connections or channels of one user at once. Integer, at least 1.
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `limit` is out of range, `scope` is another, or
 * the name is empty.
 * @see {@link maxChannels}, which counts the channels of one connection.
 */
export function maxPerUser(
  limit: number,
  options: MaxPerUserOptions & { readonly scope: 'connections' },
): Policy<SSHUserAuthRequest>;
export function maxPerUser(
  limit: number,
  options: MaxPerUserOptions & { readonly scope: 'channels' },
): Policy<SSHChannelOpenRequest>;
export function maxPerUser(
  limit: number,
  options: MaxPerUserOptions,
): Policy<SSHUserAuthRequest> | Policy<SSHChannelOpenRequest> {
  const by = policyName('maxPerUser', options);
  requireCount('maxPerUser', 'limit', limit);
  requireChoice('maxPerUser', 'scope', options.scope, ['connections', 'channels']);

  if (options.scope === 'connections') {
    return liveLimit<SSHUserAuthRequest, string>(by, {
      limit,
      keyOf: (request) => request.user,
      holderOf: (request) => request.connection,
      message: 'you are signed in too many times at once',
    });
  }
  return liveLimit<SSHChannelOpenRequest, string>(by, {
    limit,
    keyOf: (request) => request.identity.user,
    holderOf: (request) => request,
    message: 'you have too many channels open at once',
  });
}
