import { defaultIfEmpty, from, isObservable, mergeMap, type Observable, of, take } from 'rxjs';

/**
 * What a callback of a policy may answer with: a value at once, or one to come.
 *
 * Of an Observable the first value counts, and it is unsubscribed after that.
 */
export type Answer<T> = T | PromiseLike<T> | Observable<T>;

/** True for an answer that is still to come. */
export function isPending<T>(answer: Answer<T>): answer is PromiseLike<T> | Observable<T> {
  if (isObservable(answer)) return true;
  return typeof answer === 'object' && answer !== null && 'then' in answer && typeof answer.then === 'function';
}

/**
 * Goes on with an answer once it is there: at once and without a detour if it is a plain value.
 *
 * `next` gets undefined if an Observable completes without a value.
 */
export function whenAnswered<T, U>(answer: Answer<T>, next: (value: T | undefined) => Answer<U>): Answer<U> {
  if (!isPending(answer)) return next(answer);
  return from(answer).pipe(
    take(1),
    defaultIfEmpty(undefined),
    mergeMap((value) => observed(next(value))),
  );
}

/** An answer as an Observable of one value, or of none if it is an Observable without any. */
export const observed = <T>(answer: Answer<T>): Observable<T> =>
  isPending(answer) ? from(answer).pipe(take(1)) : of(answer);
