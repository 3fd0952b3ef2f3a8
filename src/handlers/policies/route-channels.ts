import type { SSHChannelOpenRequest } from '../../streams/events/ssh-channel-open-request.js';
import type { Policy } from '../../streams/policy.js';
import { policyName } from './policy-options.js';
import { routePolicy } from './route-policy.js';
import { readRoutes, type RouteOptions, type Routes } from './routes.js';

/**
 * Grants the opening of channels whose type has a route, and says what runs on them (RFC 4254 section 5.1).
 *
 * Types are compared to the letter; `*` is any other, sessions included. Channels without a route, and known types whose
 * data cannot be read, stay open for later policies.
 *
 * @example
 * ```ts
 * const echo: ServeChannel = (channel) => {
 *   channel.stream.pipe(channel.stream).once('finish', () => {
 *     channel.close();
 *   });
 * };
 * const channels = routeChannels({ 'echo@example.com': echo });
 * ```
 *
 * @throws {@link SshServerError} when called: `ERR_SSH_ROUTE_CONFLICT` if there are two routes for one thing or a name is
 * empty, `ERR_SSH_POLICY_OPTION` if a value is not a function or the policy's name is empty.
 */
export function routeChannels(routes: Routes, options: RouteOptions = {}): Policy<SSHChannelOpenRequest> {
  const by = policyName('routeChannels', options);
  const byType = new Map(readRoutes('routeChannels', routes, options));

  return routePolicy(by, ({ channelType, detail }) =>
    detail.type === 'malformed' ? undefined : (byType.get(channelType) ?? byType.get('*')),
  );
}
