import type { Policy } from '../../../streams/policy.js';
import type { PolicyName } from '../../../streams/verdict.js';

/** What a policy has routes for, as far as its making tells: two policies of a server are not to claim one thing. */
export interface RouteClaims {
  /** The policy that has the routes. */
  readonly by: PolicyName;
  /** What they are routes of (RFC 4254 sections 5.1 and 6.5). */
  readonly kind: 'channel' | 'exec' | 'shell' | 'subsystem';
  /** Names and patterns, as they are written; empty text for the shell, which has no name. */
  readonly patterns: readonly string[];
  /** Patterns of the users whose routes they are; undefined for everybody. */
  readonly users: readonly string[] | undefined;
}

/** Beside the policies, which stay plain functions. A policy that is part of another says nothing for the whole. */
const claims = new WeakMap<object, RouteClaims>();

/** Notes what `policy` has routes for, and returns it. */
export function claimRoutes<R>(policy: Policy<R>, claimed: RouteClaims): Policy<R> {
  claims.set(policy, claimed);
  return policy;
}

/** What `policy` has routes for; undefined if it is none that routes, or was made by another copy of this package. */
export const claimedRoutes = (policy: object): RouteClaims | undefined => claims.get(policy);
