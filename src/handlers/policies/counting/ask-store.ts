import type { CounterStore, Extension, HitResult, HitWindow } from '../../../streams/counter-store.js';
import { type Answer, whenAnswered } from '../answer.js';
import { storeInForce } from './rehearsed-counts.js';

/**
 * The questions that policies put to a counter store.
 *
 * Each is put at once and answered at once if the store does. A failure of any kind is thrown, rejected or errored, and so
 * is an answer that makes no sense.
 */
export const askStore = {
  /** As {@link CounterStore.hit}. */
  hit: (store: Pick<CounterStore, 'hit'>, key: string, window: HitWindow): Answer<HitResult> =>
    whenAnswered(storeInForce(store).hit(key, window), saysWhetherAllowed),

  /** As {@link CounterStore.extend}. */
  extend: (store: Pick<CounterStore, 'extend'>, key: string, extension: Extension): Answer<number> =>
    whenAnswered(storeInForce(store).extend(key, extension), saysWhatIsLeft),

  /** As {@link CounterStore.clear}. */
  clear: (store: Pick<CounterStore, 'clear'>, key: string): Answer<unknown> => storeInForce(store).clear(key),
} as const;

function saysWhetherAllowed(result: HitResult | undefined): HitResult {
  if (typeof result?.allowed === 'boolean' && Number.isFinite(result.count)) return result;
  throw new TypeError('the counter store answered without saying whether the hit is allowed, or how many there are');
}

function saysWhatIsLeft(left: number | undefined): number {
  if (typeof left === 'number' && left >= 0) return left;
  throw new TypeError('the counter store answered without saying how much time is left');
}
