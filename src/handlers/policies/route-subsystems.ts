import type { SSHChannelRequest } from '../../streams/events/ssh-channel-request.js';
import type { Policy } from '../../streams/policy.js';
import { policyName } from './policy-options.js';
import { routePolicy } from './route-policy.js';
import { readRoutes, type RouteOptions, type Routes } from './routes.js';

/**
 * Grants `subsystem` requests on session channels whose name has a route, and says what runs (RFC 4254 section 6.5).
 *
 * Names are compared to the letter; `*` is any other. Subsystems without a route stay open for later policies.
 *
 * @example
 * ```ts
 * const echo: ServeChannel = (channel) => {
 *   channel.stream.pipe(channel.stream).once('finish', () => {
 *     channel.close();
 *   });
 * };
 * const subsystems = routeSubsystems({ echo });
 * ```
 *
 * @throws {@link SshServerError} when called: `ERR_SSH_ROUTE_CONFLICT` if there are two routes for one thing or a name is
 * empty, `ERR_SSH_POLICY_OPTION` if a value is not a function or the policy's name is empty.
 */
export function routeSubsystems(routes: Routes, options: RouteOptions = {}): Policy<SSHChannelRequest> {
  const by = policyName('routeSubsystems', options);
  const byName = new Map(readRoutes('routeSubsystems', routes, options));

  return routePolicy(by, ({ channelType, detail }) =>
    channelType === 'session' && detail.type === 'subsystem'
      ? (byName.get(detail.subsystemName) ?? byName.get('*'))
      : undefined,
  );
}
