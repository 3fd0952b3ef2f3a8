import { map } from 'rxjs';

import { DenyReason } from '../../../streams/deny-reason.js';
import type { Policy } from '../../../streams/policy.js';
import { deny } from '../../../streams/verdict.js';
import { askStore } from '../counting/ask-store.js';
import { requireChoice } from '../choice-checks.js';
import { counterStoreOf, type CounterStoreOptions } from '../counting/counter-store-option.js';
import { decideEach } from '../decide-each.js';
import { requireCount, requireDuration, requireFunction } from '../option-checks.js';
import { clockFor, type ClockOption } from '../policy-clock.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { passOnFailure, type StoreFailureOption } from '../counting/store-failure-option.js';

/**
 * Options of {@link rateLimit}.
 *
 * In a store that is shared, policies with the same `name`, `limit` and `windowMs` count together, so that the processes
 * of one service do; give policies that are to count apart names of their own.
 */
export interface RateLimitOptions<R> extends PolicyOptions, ClockOption, CounterStoreOptions, StoreFailureOption {
  /** Requests let through per key in any window of `windowMs`. Integer, at least 1. */
  readonly limit: number;
  /** Length of the window in milliseconds. */
  readonly windowMs: number;
  /** Names who is charged: an address, a user, both. */
  readonly keyOf: (request: R) => string;
}

/**
 * Denies the requests of one key beyond `limit` in any `windowMs`, with {@link DenyReason.RateLimited}.
 *
 * The window slides: each request is judged by the `windowMs` before it. A denied request is not charged, so a client
 * that keeps hammering recovers as soon as its earlier requests leave the window; nor is one that was granted and is asked
 * again since policies were replaced. The counts belong to the policy: they survive a new subscription, and two policies
 * count apart. Grants nothing.
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
  const { limit, windowMs, keyOf, onStoreFailure = 'deny' } = options;
  requireCount('rateLimit', 'limit', limit);
  requireDuration('rateLimit', 'windowMs', windowMs);
  requireFunction('rateLimit', 'keyOf', keyOf);
  requireChoice('rateLimit', 'onStoreFailure', onStoreFailure, ['deny', 'allow']);
  const store = counterStoreOf('rateLimit', options);
  // Hits of another window under the same key would be forgotten too early, so the window is part of the key.
  const prefix = options.store === undefined ? '' : `${by}/${String(limit)}/${String(windowMs)}/`;

  return decideEach(by, (verdict) => {
    if (verdict.context?.reevaluation === true) return verdict;
    const key = `${prefix}${keyOf(verdict.request)}`;

    return askStore.hit(store, key, { limit, windowMs, now: clockFor(options, verdict).now() }).pipe(
      map(({ allowed }) => (allowed ? verdict : deny(verdict, by, DenyReason.RateLimited))),
      passOnFailure(options, by, verdict),
    );
  });
}
