import type { SSHChannelOpenRequest } from '../../../streams/events/ssh-channel-open-request.js';
import type { Policy } from '../../../streams/policy.js';
import { NameTable } from '../matching/name-table.js';
import { routePolicy } from './route-policy.js';
import { readRoutes, type RouteOptions, type Routes, tableOf } from './routes.js';

/**
 * Grants the opening of channels whose type has a route, and says what runs on them (RFC 4254 section 5.1).
 *
 * A type is written to the letter, or with wildcards, `*` for any characters and `?` for one: `chat-*`, `*@example.com`.
 * A type to the letter comes first, then the longest pattern; `*` is any other, sessions included, and so is the `fallback`.
 * Channels without a route, those of users whom `users` leaves out, and known types whose data cannot be read stay open
 * for later policies.
 *
 * @example
 * ```ts
 * const echo: ServeChannel = (channel) => {
 *   channel.stream.pipe(channel.stream).once('finish', () => {
 *     channel.close();
 *   });
 * };
 * const channels = routeChannels({ 'echo@example.com': echo }, { users: ['ann', 'ops-*'] });
 * ```
 *
 * @throws {@link SshServerError} when called: `ERR_SSH_ROUTE_CONFLICT` if there are two routes for one thing or a name is
 * empty or has two stars in a row, `ERR_SSH_POLICY_OPTION` if a value is not a function, `users` is no list of names or the
 * policy's name is empty.
 */
export function routeChannels(routes: Routes, options: RouteOptions = {}): Policy<SSHChannelOpenRequest> {
  const entries = readRoutes('routeChannels', routes, options);
  const byType = tableOf('routeChannels', () => new NameTable(entries));

  return routePolicy({
    policy: 'routeChannels',
    kind: 'channel',
    patterns: entries.map(([pattern]) => pattern),
    options,
    find: ({ channelType, detail }) => (detail.type === 'malformed' ? undefined : byType.find(channelType)),
  });
}
