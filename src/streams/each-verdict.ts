import { isObservable, mergeMap, Observable, of, Subject, takeUntil } from 'rxjs';

import type { Verdict } from './verdict.js';

/**
 * Decides one verdict: at once, or by an Observable that emits the answer, once, and completes. One that throws or errors is
 * broken, and costs all verdicts that it holds.
 */
export type DecideVerdict<R> = (verdict: Verdict<R>) => Verdict<R> | Observable<Verdict<R>>;

/**
 * The verdicts of another stream, each decided by itself, as soon as there is an answer.
 *
 * A stream like any other for whoever subscribes. Who knows where its verdicts come from can do without: {@link decisionOf}.
 */
export class EachVerdict<R> extends Observable<Verdict<R>> {
  readonly verdict$: Observable<Verdict<R>>;
  readonly decide: DecideVerdict<R>;

  constructor(verdict$: Observable<Verdict<R>>, decide: DecideVerdict<R>) {
    // What mergeMap would do, without an inner Observable for each answer: nearly all are there at once.
    super((subscriber) => {
      const released = new Subject<void>();
      let pending = 0;
      let sourceEnded = false;

      const completeIfDone = (): void => {
        if (sourceEnded && pending === 0) subscriber.complete();
      };
      const wait = (answer$: Observable<Verdict<R>>): void => {
        pending += 1;
        const waiting = answer$.subscribe({
          next: (answer) => {
            subscriber.next(answer);
          },
          error: (cause: unknown) => {
            subscriber.error(cause);
          },
          complete: () => {
            pending -= 1;
            completeIfDone();
          },
        });
        if (!waiting.closed) subscriber.add(waiting);
      };

      subscriber.add(() => {
        released.next();
      });
      // A source that emits in the call of `subscribe` can be stopped in no other way.
      return verdict$.pipe(takeUntil(released)).subscribe({
        next: (verdict) => {
          let answer: Verdict<R> | Observable<Verdict<R>>;
          try {
            answer = decide(verdict);
          } catch (cause) {
            subscriber.error(cause);
            return;
          }
          if (isObservable(answer)) wait(answer);
          else subscriber.next(answer);
        },
        error: (cause: unknown) => {
          subscriber.error(cause);
        },
        complete: () => {
          sourceEnded = true;
          completeIfDone();
        },
      });
    });
    this.verdict$ = verdict$;
    this.decide = decide;
  }
}

/**
 * What `output$` makes of one verdict of `input$`, if it does no more than decide each by itself; undefined for any other
 * stream.
 *
 * Nearly all policies are of this kind, and a login passes many of them: to call them spares the way through their subscriptions.
 */
export function decisionOf<R>(output$: unknown, input$: Observable<Verdict<R>>): DecideVerdict<R> | undefined {
  let decide: DecideVerdict<R> | undefined;
  let at = output$;
  while (at !== input$) {
    if (!(at instanceof EachVerdict)) return undefined;
    // Built on the verdicts of `input$`, if this comes to an end there; and then of this kind of request.
    const each = at as EachVerdict<R>;
    decide = decide === undefined ? each.decide : inTurn(each.decide, decide);
    at = each.verdict$;
  }
  return decide;
}

const inTurn =
  <R>(first: DecideVerdict<R>, second: DecideVerdict<R>): DecideVerdict<R> =>
  (verdict) => {
    const answer = first(verdict);
    if (!isObservable(answer)) return second(answer);
    return answer.pipe(
      mergeMap((it) => {
        const next = second(it);
        return isObservable(next) ? next : of(next);
      }),
    );
  };
