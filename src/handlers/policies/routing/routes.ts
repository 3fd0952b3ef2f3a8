import { SshServerError } from '../../../errors.js';
import type { ServeChannel } from '../../../streams/channel.js';
import { requireFunction, requireObject } from '../option-checks.js';
import type { PolicyOptions } from '../policy-options.js';
import type { RouteUsersOption } from './route-users.js';

/** What runs, by the name or pattern of what is asked for; `*` for all that nothing else matches. */
export type Routes = Readonly<Record<string, ServeChannel>>;

/** Where a request is brought: to what runs, or nowhere. */
export type Route = ServeChannel | 'deny';

/** Options of {@link routeCommands}, {@link routeSubsystems} and {@link routeChannels}. */
export interface RouteOptions extends PolicyOptions, RouteUsersOption {
  /**
   * What becomes of a request of this kind that no route matches: a function runs, as the route `*` would; `deny` denies
   * it with {@link DenyReason.NoRoute}, whatever later policies have. Default: such requests are left to later policies.
   */
  readonly fallback?: ServeChannel | 'deny';
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
  options: RouteOptions,
): readonly (readonly [pattern: string, route: Route])[] {
  requireObject(policy, 'routes', routes);
  requireObject(policy, 'options', options);
  const { fallback } = options;
  const entries = Object.entries(routes);
  for (const [pattern, serve] of entries) {
    if (pattern === '') throw new SshServerError('ERR_SSH_ROUTE_CONFLICT', `${policy}: a route needs a name`);
    requireFunction(policy, `the route ${JSON.stringify(pattern)}`, serve);
  }
  if (fallback === undefined) return entries;

  if (fallback !== 'deny') requireFunction(policy, 'fallback', fallback);
  if (Object.hasOwn(routes, '*')) {
    throw new SshServerError(
      'ERR_SSH_ROUTE_CONFLICT',
      `${policy}: "*" is routed twice, as a route and as the fallback. Remove one of them.`,
    );
  }
  return [...entries, ['*', fallback]];
}

/** Makes a table of the routes of `policy`; a conflict in it is told with the name of the policy. */
export function tableOf<Table>(policy: string, make: () => Table): Table {
  try {
    return make();
  } catch (cause) {
    if (!SshServerError.is(cause)) throw cause;
    throw new SshServerError(cause.code, `${policy}: ${cause.message}`, { cause });
  }
}
