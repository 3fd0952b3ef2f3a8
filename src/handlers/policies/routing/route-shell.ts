import type { ServeChannel } from '../../../streams/channel.js';
import type { SSHChannelRequest } from '../../../streams/events/ssh-channel-request.js';
import type { Policy } from '../../../streams/policy.js';
import { requireFunction } from '../option-checks.js';
import type { PolicyOptions } from '../policy-options.js';
import { routePolicy } from './route-policy.js';
import type { RouteUsersOption } from './route-users.js';

/** Options of {@link routeShell}. */
export interface RouteShellOptions extends PolicyOptions, RouteUsersOption {}

/**
 * Grants `shell` requests on session channels and runs `serve` (RFC 4254 section 6.5). Those of users whom `users` leaves
 * out stay open for later policies.
 *
 * @example
 * ```ts
 * const shell = routeShell((channel) => {
 *   channel.stream.end('No shell here.\r\n');
 * });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `serve` is not a function, `users` is no list of
 * names or the policy's name is empty.
 */
export function routeShell(serve: ServeChannel, options: RouteShellOptions = {}): Policy<SSHChannelRequest> {
  requireFunction('routeShell', 'serve', serve);

  return routePolicy({
    policy: 'routeShell',
    kind: 'shell',
    patterns: [''],
    options,
    find: ({ channelType, detail }) => (channelType === 'session' && detail.type === 'shell' ? serve : undefined),
  });
}
