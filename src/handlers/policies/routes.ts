import { SshServerError } from '../../errors.js';
import type { ServeChannel } from '../../streams/channel.js';
import { requireFunction } from './option-checks.js';
import type { PolicyOptions } from './policy-options.js';

/** What runs, by the name or pattern of what is asked for; `*` for all that nothing else matches. */
export type Routes = Readonly<Record<string, ServeChannel>>;

/** Options of {@link routeCommands}, {@link routeSubsystems} and {@link routeChannels}. */
export interface RouteOptions extends PolicyOptions {
  /** Runs what no route matches: another way to write the route `*`. Default: such requests are left to later policies. */
  readonly fallback?: ServeChannel;
}

/**
 * The routes as entries, the fallback among them as `*`.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if a value is not a function, `ERR_SSH_ROUTE_CONFLICT` if there
 * are two for `*` or a name is empty.
 */
export function readRoutes(
  policy: string,
  routes: Routes,
  { fallback }: RouteOptions,
): readonly (readonly [pattern: string, serve: ServeChannel])[] {
  const entries = Object.entries(routes);
  for (const [pattern, serve] of entries) {
    if (pattern === '') throw new SshServerError('ERR_SSH_ROUTE_CONFLICT', `${policy}: a route needs a name`);
    requireFunction(policy, `the route ${JSON.stringify(pattern)}`, serve);
  }
  if (fallback === undefined) return entries;

  requireFunction(policy, 'fallback', fallback);
  if ('*' in routes) {
    throw new SshServerError(
      'ERR_SSH_ROUTE_CONFLICT',
      `${policy}: "*" is routed twice, as a route and as the fallback. Remove one of them.`,
    );
  }
  return [...entries, ['*', fallback]];
}
