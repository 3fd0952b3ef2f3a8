import { defaultIfEmpty, defer, from, map, type Observable, of, take } from 'rxjs';

import type { CounterStore, Extension, HitResult, HitWindow } from '../../../streams/counter-store.js';
import { type Answer, isPending } from '../answer.js';

/**
 * The questions that policies put to a counter store.
 *
 * Cold: the store is asked on subscription. Each emits one value and completes, in the call of `subscribe` if the store
 * answers at once. A failure of any kind is an error, and so is an answer that makes no sense.
 */
export const askStore = {
  /** As {@link CounterStore.hit}. */
  hit: (store: Pick<CounterStore, 'hit'>, key: string, window: HitWindow): Observable<HitResult> =>
    answerOf(() => store.hit(key, window)).pipe(
      map((result) => {
        if (typeof result?.allowed === 'boolean' && Number.isFinite(result.count)) return result;
        throw new TypeError(
          'the counter store answered without saying whether the hit is allowed, or how many there are',
        );
      }),
    ),

  /** As {@link CounterStore.extend}. */
  extend: (store: Pick<CounterStore, 'extend'>, key: string, extension: Extension): Observable<number> =>
    answerOf(() => store.extend(key, extension)).pipe(
      map((left) => {
        if (typeof left === 'number' && left >= 0) return left;
        throw new TypeError('the counter store answered without saying how much time is left');
      }),
    ),

  /** As {@link CounterStore.clear}. */
  clear: (store: Pick<CounterStore, 'clear'>, key: string): Observable<unknown> => answerOf(() => store.clear(key)),
} as const;

/** The first value of an answer; undefined if there is none. */
const answerOf = <T>(ask: () => Answer<T>): Observable<T | undefined> =>
  defer(() => {
    const answer = ask();
    return isPending(answer) ? from(answer).pipe(take(1), defaultIfEmpty(undefined)) : of(answer);
  });
