import { DenyReason } from '../../../streams/deny-reason.js';
import { deny, type PolicyName, type Verdict } from '../../../streams/verdict.js';
import { type Answer, whenAnswered } from '../answer.js';
import { askStore } from './ask-store.js';
import { requireChoice } from '../choice-checks.js';
import { requireCount, requireDuration } from '../option-checks.js';
import { clockFor, type ClockOption, requireClock } from '../policy-clock.js';
import { counterStoreOf, type CounterStoreOptions } from './counter-store-option.js';
import { passOnFailure, type StoreFailureOption } from './store-failure-option.js';

/** What is allowed in a window of time. */
export interface WindowedLimitOptions extends ClockOption, CounterStoreOptions, StoreFailureOption {
  /** Integer, at least 1. */
  readonly limit: number;
  /** Length of the window in milliseconds. */
  readonly windowMs: number;
}

/** Charges a verdict to a key, and denies it if that is one too many. Fails if the store does and that is to count. */
export type ChargeTo = <R>(key: string, verdict: Verdict<R>) => Answer<Verdict<R>>;

/**
 * What the policies share that count in a sliding window: denies with {@link DenyReason.RateLimited} beyond the limit.
 *
 * @param policy - The name of the function that makes the policy, for errors.
 * @param by - What the policy calls itself; policies of one name count together in a store that is shared.
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if an option is out of range.
 */
export function windowedLimit(policy: string, by: PolicyName, options: WindowedLimitOptions): ChargeTo {
  const { limit, windowMs, onStoreFailure = 'deny' } = options;
  requireCount(policy, 'limit', limit);
  requireDuration(policy, 'windowMs', windowMs);
  requireClock(policy, options);
  requireChoice(policy, 'onStoreFailure', onStoreFailure, ['deny', 'allow']);
  const store = counterStoreOf(policy, options);
  // Hits of another window under the same key would be forgotten too early, so the window is part of the key.
  const prefix = options.store === undefined ? '' : `${by}/${String(limit)}/${String(windowMs)}/`;

  return (key, verdict) =>
    passOnFailure(options, by, verdict, () => {
      const hit = { limit, windowMs, now: clockFor(options, verdict).now() };
      return whenAnswered(askStore.hit(store, `${prefix}${key}`, hit), (result) =>
        result?.allowed === true ? verdict : deny(verdict, by, DenyReason.RateLimited),
      );
    });
}
