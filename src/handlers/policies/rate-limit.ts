import { catchError, from, of } from 'rxjs';

import { type Clock, systemClock } from '../../streams/clock.js';
import type { CounterStore, HitResult } from '../../streams/counter-store.js';
import { DenyReason } from '../../streams/deny-reason.js';
import { MemoryCounterStore } from '../../streams/memory-counter-store.js';
import type { Policy } from '../../streams/policy.js';
import { deny } from '../../streams/verdict.js';
import { type Answer, isPending, whenAnswered } from './answer.js';
import { decideEach } from './decide-each.js';
import { requireCount, requireDuration, requireFunction } from './option-checks.js';
import { policyOptionError } from './policy-option-error.js';
import { policyName, type PolicyOptions } from './policy-options.js';

/** Options of {@link rateLimit}. */
export interface RateLimitOptions<R> extends PolicyOptions {
  /** Requests let through per key in any window of `windowMs`. Integer, at least 1. */
  readonly limit: number;
  /** Length of the window in milliseconds. */
  readonly windowMs: number;
  /** Names who is charged: an address, a user, both. */
  readonly keyOf: (request: R) => string;
  /** Keys remembered at once; past it the key charged least recently is forgotten. Default 10 000. Not with `store`. */
  readonly maxKeys?: number;
  /** Where time comes from. Default {@link systemClock}. */
  readonly clock?: Clock;
  /**
   * Where the counts are kept. Default: a {@link MemoryCounterStore} of this policy alone.
   *
   * In a store that is shared, policies with the same `name`, `limit` and `windowMs` count together, so that the
   * processes of one service do; give policies that are to count apart names of their own.
   */
  readonly store?: CounterStore;
  /**
   * What a request gets when the store fails. Default `deny`, with {@link DenyReason.PolicyFailed} and the failure as
   * `cause`. With `allow` an attacker who can bring the store down is no longer limited, and nothing is reported.
   */
  readonly onStoreFailure?: 'deny' | 'allow';
}

/**
 * Denies the requests of one key beyond `limit` in any `windowMs`, with {@link DenyReason.RateLimited}.
 *
 * The window slides: each request is judged by the `windowMs` before it. A denied request is not charged, so a client
 * that keeps hammering recovers as soon as its earlier requests leave the window. The counts belong to the policy: they
 * survive a new subscription, and two policies count apart. Grants nothing.
 *
 * @example
 * ```ts
 * const perAddress = rateLimit<SSHUserAuthRequest>({
 *   limit: 5,
 *   windowMs: 60_000,
 *   keyOf: (request) => request.connection.remoteAddress,
 * });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is out of range.
 */
export function rateLimit<R>(options: RateLimitOptions<R>): Policy<R> {
  const by = policyName('rateLimit', options);
  const { limit, windowMs, keyOf, clock = systemClock, onStoreFailure = 'deny' } = options;
  requireCount('rateLimit', 'limit', limit);
  requireDuration('rateLimit', 'windowMs', windowMs);
  requireFunction('rateLimit', 'keyOf', keyOf);
  if (!['deny', 'allow'].includes(onStoreFailure)) {
    throw policyOptionError('rateLimit', 'onStoreFailure', "must be 'deny' or 'allow'", onStoreFailure);
  }
  const store = storeOf(options);
  // Hits of another window under the same key would be forgotten too early, so the window is part of the key.
  const prefix = options.store === undefined ? '' : `${by}/${String(limit)}/${String(windowMs)}/`;

  return decideEach(by, (verdict) => {
    const key = `${prefix}${keyOf(verdict.request)}`;
    const hit = (): Answer<HitResult> => store.hit(key, { limit, windowMs, now: clock.now() });

    return whenAnswered(onStoreFailure === 'allow' ? orAllowed(hit) : hit(), (result) => {
      if (result?.allowed === true) return verdict;
      if (result?.allowed === false) return deny(verdict, by, DenyReason.RateLimited);
      if (onStoreFailure === 'allow') return verdict;
      throw new TypeError('the counter store answered without saying whether the hit is allowed');
    });
  });
}

function storeOf<R>({ store, maxKeys }: RateLimitOptions<R>): CounterStore {
  if (store === undefined) {
    if (maxKeys !== undefined) requireCount('rateLimit', 'maxKeys', maxKeys);
    return new MemoryCounterStore(maxKeys === undefined ? {} : { maxKeys });
  }
  if (maxKeys !== undefined) {
    throw policyOptionError(
      'rateLimit',
      'maxKeys',
      'must be left out with a store, which has a bound of its own',
      maxKeys,
    );
  }
  if (typeof store.hit !== 'function') throw policyOptionError('rateLimit', 'store', 'must be a CounterStore', store);
  return store;
}

/** What a failing store counts as if requests are let through without it. */
const UNCOUNTED: HitResult = { allowed: true, count: 0 };

function orAllowed(hit: () => Answer<HitResult>): Answer<HitResult> {
  try {
    const result = hit();
    return isPending(result) ? from(result).pipe(catchError(() => of(UNCOUNTED))) : result;
  } catch {
    return UNCOUNTED;
  }
}
