import { SshServerError } from '../errors.js';
import type { HandlerFunction } from '../handlers/handler-function.js';
import { claimedRoutes, type RouteClaims } from '../handlers/policies/routing/route-claims.js';

/** One thing that a policy or a service is there for. */
interface Claim extends Pick<RouteClaims, 'kind' | 'users'> {
  readonly pattern: string;
  /** What claims it, for the message. */
  readonly source: string;
}

/**
 * Checks that no two policies, and no policy and service, of `functions` have a route for the same thing: one of them would
 * never be asked.
 *
 * The same thing is the same name or pattern to the letter, for the same users. A route for some users beside a route for
 * everybody is no conflict; which comes first decides. Seen are route policies that are handlers as they are, as in
 * `decide('SSHChannelRequest', routeShell(serve))`; what a policy makes of others, with `pipe` or in a method, is its own
 * affair and may be right.
 *
 * @throws {@link SshServerError} `ERR_SSH_ROUTE_CONFLICT` with the names of both.
 */
export function checkRoutes(functions: readonly HandlerFunction[]): void {
  const claims = new Map<string, Claim[]>();
  for (const claim of functions.flatMap(claimsOf)) {
    const thing = describeThing(claim);
    const rivals = claims.get(thing) ?? [];
    const rival = rivals.find(({ users }) => haveUsersInCommon(users, claim.users));
    if (rival !== undefined) {
      throw new SshServerError(
        'ERR_SSH_ROUTE_CONFLICT',
        `${thing} is routed twice: ${rival.source} and ${claim.source}. Remove one route, or give each to users of its own.`,
      );
    }
    claims.set(thing, [...rivals, claim]);
  }
}

function claimsOf(handler: HandlerFunction): readonly Claim[] {
  const { source } = handler;
  switch (handler.kind) {
    case 'exec':
      return [{ kind: 'exec', pattern: handler.command, users: undefined, source }];
    case 'subsystem':
      return [{ kind: 'subsystem', pattern: handler.name, users: undefined, source }];
    case 'shell':
      return [{ kind: 'shell', pattern: '', users: undefined, source }];
    case 'decide': {
      const claimed = claimedRoutes(handler.policy);
      if (claimed === undefined) return [];
      const { by, kind, patterns, users } = claimed;
      return patterns.map((pattern) => ({ kind, pattern, users, source: `${by} in ${source}` }));
    }
    case 'observe':
      return [];
  }
}

function describeThing({ kind, pattern }: Claim): string {
  if (kind === 'shell') return 'the shell';
  return `${kind === 'channel' ? 'channel type' : kind} "${pattern}"`;
}

const haveUsersInCommon = (some: Claim['users'], others: Claim['users']): boolean =>
  some === undefined || others === undefined ? some === others : some.some((user) => others.includes(user));
