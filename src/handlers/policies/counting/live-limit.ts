import { DenyReason } from '../../../streams/deny-reason.js';
import type { LeaseRevocation } from '../../../streams/lease.js';
import type { Policy } from '../../../streams/policy.js';
import { deny, type PolicyName, withLease } from '../../../streams/verdict.js';
import { decideEach } from '../decide-each.js';
import { LiveCount } from './live-count.js';
import { untilAuthenticated } from './until-authenticated.js';

/** What is to be limited, and how. */
export interface LiveLimit<R, Key> {
  /** How many may be alive under one key. Integer, at least 1; checked by the policy that asks for it. */
  readonly limit: number;
  /** What is counted together; undefined is not limited. */
  readonly keyOf: (request: R) => Key | undefined;
  /** What takes one place: the connection, or the request for the one thing that it opens. */
  readonly holderOf: (request: R) => object;
  /** Told to the user whose place was taken between the verdict and the beginning of the grant. */
  readonly message: string;
  /** Whether a place is given back once somebody has signed in on the connection. Default false. */
  readonly unauthenticatedOnly?: boolean;
}

/**
 * What the policies share that limit how much is alive at once: denies with {@link DenyReason.LimitReached} while all places
 * are taken, and takes one by a lease.
 *
 * A verdict takes no place yet, since nobody knows what becomes of it. Requests that are decided at the same time may so
 * find the same place free; the first grant to begin has it, and the others are revoked.
 */
export function liveLimit<R, Key>(
  by: PolicyName,
  { limit, keyOf, holderOf, message, unauthenticatedOnly = false }: LiveLimit<R, Key>,
): Policy<R> {
  const live = new LiveCount<Key>(limit);
  const over: LeaseRevocation = { type: 'revoke', reason: message, by };

  return decideEach(by, (verdict) => {
    const key = keyOf(verdict.request);
    if (key === undefined) return verdict;

    const holder = holderOf(verdict.request);
    // Who is asked again is inside already, perhaps signed in and in nobody's way: the lease will tell.
    const again = verdict.context?.reevaluation === true;
    if (!again && live.isFull(key, holder)) return deny(verdict, by, DenyReason.LimitReached);
    const place$ = live.place(key, holder, over);
    return withLease<R>(verdict, unauthenticatedOnly ? untilAuthenticated(place$) : place$);
  });
}
