import { mergeMap, Observable, of } from 'rxjs';

import type { Policy } from '../../src/streams/policy.js';
import type { Verdict } from '../../src/streams/verdict.js';

/** What a policy made by {@link later} does. */
export interface LaterOptions<R> {
  /** Which requests wait; the others pass at once. Default all. */
  readonly isMeant?: (request: R) => boolean;
  /** The answer to what has waited. Default the verdict as it came. */
  readonly answerOf?: (verdict: Verdict<R>) => Verdict<R>;
}

/** A policy that answers each question when the test says so, and what gives the answers, in the order of the questions. */
export function later<R>({ isMeant = () => true, answerOf = (verdict) => verdict }: LaterOptions<R> = {}) {
  const answers: (() => void)[] = [];
  const policy: Policy<R> = mergeMap((verdict) =>
    isMeant(verdict.request)
      ? new Observable<Verdict<R>>((subscriber) => {
          answers.push(() => {
            subscriber.next(answerOf(verdict));
            subscriber.complete();
          });
        })
      : of(verdict),
  );
  /** Waits until so many questions have come. */
  const asked = async (count = 1): Promise<void> => {
    while (answers.length < count) await new Promise(setImmediate);
  };
  return { answers, asked, policy };
}
