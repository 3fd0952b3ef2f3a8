import type { Policy } from '../../../streams/policy.js';
import type { CounterStoreOptions } from '../counting/counter-store-option.js';
import type { StoreFailureOption } from '../counting/store-failure-option.js';
import { windowedLimit } from '../counting/windowed-limit.js';
import { decideEach } from '../decide-each.js';
import { requireFunction } from '../option-checks.js';
import type { ClockOption } from '../policy-clock.js';
import { policyName, type PolicyOptions } from '../policy-options.js';

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
  /**
   * Names who is charged: an address, a user, both. Of IPv6 addresses one client may have a whole network;
   * {@link maxPerSource} and {@link banAfter} count networks.
   */
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
  const { keyOf } = options;
  requireFunction('rateLimit', 'keyOf', keyOf);
  const chargeTo = windowedLimit('rateLimit', by, options);

  return decideEach(by, (verdict) =>
    verdict.context?.reevaluation === true ? verdict : chargeTo(keyOf(verdict.request), verdict),
  );
}
