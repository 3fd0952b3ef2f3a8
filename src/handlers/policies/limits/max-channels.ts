import type { ConnectionInfo } from '../../../streams/connection-info.js';
import type { SSHChannelOpenRequest } from '../../../streams/events/ssh-channel-open-request.js';
import type { Policy } from '../../../streams/policy.js';
import { requireTexts } from '../choice-checks.js';
import { liveLimit } from '../counting/live-limit.js';
import { requireCount } from '../option-checks.js';
import { policyName, type PolicyOptions } from '../policy-options.js';

/** Options of {@link maxChannels}. */
export interface MaxChannelsOptions extends PolicyOptions {
  /** The channel types that count, together, and are limited: `session`, `direct-tcpip` and so on. Default all. */
  readonly types?: readonly string[];
}

/**
 * Denies channels beyond `limit` open at once on one connection, with {@link DenyReason.LimitReached}. Grants nothing.
 *
 * A channel counts while it is open. Of channels that are decided at the same time, each may find the last place free; all
 * but the first are then closed again. Channels that the server opens are not asked for, so they do not count.
 *
 * @example
 * ```ts
 * const sessions = maxChannels(10, { types: ['session'] });
 * const tunnels = maxChannels(50, { types: ['direct-tcpip', 'direct-streamlocal@openssh.com'] });
 * ```
 *
 * @param limit - Channels open at once on one connection. Integer, at least 1.
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `limit` is out of range, `types` is no list of
 * names, or the name is empty.
 * @see {@link maxPerUser}, which counts the channels of all connections of a user.
 */
export function maxChannels(limit: number, options: MaxChannelsOptions = {}): Policy<SSHChannelOpenRequest> {
  const by = policyName('maxChannels', options);
  requireCount('maxChannels', 'limit', limit);
  if (options.types !== undefined) requireTexts('maxChannels', 'types', options.types);
  const types = options.types === undefined ? undefined : new Set(options.types);

  return liveLimit<SSHChannelOpenRequest, ConnectionInfo>(by, {
    limit,
    keyOf: ({ connection, channelType }) => (types?.has(channelType) === false ? undefined : connection),
    holderOf: (request) => request,
    message: 'this connection has too many channels open',
  });
}
