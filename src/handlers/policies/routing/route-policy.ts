import { DenyReason } from '../../../streams/deny-reason.js';
import { EachVerdict } from '../../../streams/each-verdict.js';
import type { Identity } from '../../../streams/identity.js';
import type { Policy } from '../../../streams/policy.js';
import { deny, serveWith } from '../../../streams/verdict.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { claimRoutes, type RouteClaims } from './route-claims.js';
import { routeUsers, type RouteUsersOption } from './route-users.js';
import type { Route } from './routes.js';

/** What a policy of routes is made of. */
export interface RoutePolicy<R> extends Pick<RouteClaims, 'kind' | 'patterns'> {
  /** The name of its function. */
  readonly policy: string;
  readonly options: PolicyOptions & RouteUsersOption;
  /** The route of a request; undefined if this policy has none for it. */
  readonly find: (request: R) => Route | undefined;
}

/**
 * What all routes share: grants or denies an open request that has a route, and leaves the others as they are.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if the name is empty or `users` is no list of names.
 */
export function routePolicy<R extends { readonly identity: Identity }>({
  policy,
  kind,
  patterns,
  options,
  find,
}: RoutePolicy<R>): Policy<R> {
  const by = policyName(policy, options);
  const isFor = routeUsers(policy, options);

  const routed: Policy<R> = (verdict$) =>
    new EachVerdict(verdict$, (verdict) => {
      if (verdict.state !== 'open' || !isFor(verdict.request.identity.user)) return verdict;
      const route = find(verdict.request);
      if (route === undefined) return verdict;
      return route === 'deny' ? deny(verdict, by, DenyReason.NoRoute) : serveWith(verdict, by, route);
    });
  return claimRoutes(routed, { by, kind, patterns, users: options.users });
}
