import type { SSHChannelRequest } from '../../../streams/events/ssh-channel-request.js';
import type { Policy } from '../../../streams/policy.js';
import { NameTable } from '../matching/name-table.js';
import { routePolicy } from './route-policy.js';
import { readRoutes, type RouteOptions, type Routes, tableOf } from './routes.js';

/**
 * Grants `subsystem` requests on session channels whose name has a route, and says what runs (RFC 4254 section 6.5).
 *
 * A name is written to the letter, or with wildcards, `*` for any characters and `?` for one: `report-*`. A name to the
 * letter comes first, then the longest pattern; `*` is any other, and so is the `fallback`. Subsystems without a route,
 * and those of users whom `users` leaves out, stay open for later policies.
 *
 * @example
 * ```ts
 * const echo: ServeChannel = (channel) => {
 *   channel.stream.pipe(channel.stream).once('finish', () => {
 *     channel.close();
 *   });
 * };
 * const subsystems = routeSubsystems({ 'echo-*': echo }, { fallback: 'deny' });
 * ```
 *
 * @throws {@link SshServerError} when called: `ERR_SSH_ROUTE_CONFLICT` if there are two routes for one thing or a name is
 * empty or has two stars in a row, `ERR_SSH_POLICY_OPTION` if a value is not a function, `users` is no list of names or the
 * policy's name is empty.
 */
export function routeSubsystems(routes: Routes, options: RouteOptions = {}): Policy<SSHChannelRequest> {
  const entries = readRoutes('routeSubsystems', routes, options);
  const byName = tableOf('routeSubsystems', () => new NameTable(entries));

  return routePolicy({
    policy: 'routeSubsystems',
    kind: 'subsystem',
    patterns: entries.map(([pattern]) => pattern),
    options,
    find: ({ channelType, detail }) =>
      channelType === 'session' && detail.type === 'subsystem' ? byName.find(detail.subsystemName) : undefined,
  });
}
