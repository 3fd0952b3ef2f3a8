import { catchError, first, from, isObservable, Observable, of, Subject, Subscription, takeUntil } from 'rxjs';

import { SshServerError } from '../../errors.js';
import { DenyReason } from '../../streams/deny-reason.js';
import type { Policy } from '../../streams/policy.js';
import { deny, type GrantedVerdict, type OpenVerdict, type PolicyName, type Verdict } from '../../streams/verdict.js';
import { type Answer, isPending } from './answer.js';
import { requireFunction } from './option-checks.js';
import { requireName } from './policy-options.js';

/** A verdict that can still be changed. */
export type UndeniedVerdict<R> = OpenVerdict<R> | GrantedVerdict<R>;

/**
 * Makes a policy of a function that decides one verdict, at once or later.
 *
 * Verdicts are decided independently of each other: a slow one holds up nobody, and a callback that answers at once is
 * passed on at once. Denied verdicts pass untouched. If `decide` throws, rejects, errors or completes without an answer,
 * this one verdict is denied with {@link DenyReason.PolicyFailed} and the failure as its `cause`, and the policy lives on.
 *
 * @example
 * ```ts
 * const notOnSunday = (clock: Clock) =>
 *   decideEach<SSHUserAuthRequest>('notOnSunday', (verdict) =>
 *     new Date(clock.now()).getDay() === 0 ? deny(verdict, 'notOnSunday', DenyReason.NotPermitted) : verdict,
 *   );
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `by` is empty or `decide` is not a function.
 */
export function decideEach<R>(by: PolicyName, decide: (verdict: UndeniedVerdict<R>) => Answer<Verdict<R>>): Policy<R> {
  requireName('decideEach', 'by', by);
  requireFunction('decideEach', 'decide', decide);
  // What mergeMap would do, without the inner Observable that it makes of every answer: nearly all are there at once, and
  // a login passes some twenty policies.
  return (verdict$) =>
    new Observable((subscriber) => {
      const released = new Subject<void>();
      let pending = 0;
      let sourceEnded = false;

      const complete = (): void => {
        if (sourceEnded && pending === 0) subscriber.complete();
      };
      const wait = (answer$: Observable<Verdict<R>>): void => {
        pending += 1;
        const waiting = new Subscription();
        subscriber.add(waiting);
        waiting.add(
          answer$.subscribe({
            next: (verdict) => {
              subscriber.next(verdict);
            },
            complete: () => {
              subscriber.remove(waiting);
              pending -= 1;
              complete();
            },
          }),
        );
      };

      subscriber.add(() => {
        released.next();
      });
      // A source that emits in the call of `subscribe` can be stopped in no other way.
      return verdict$.pipe(takeUntil(released)).subscribe({
        next: (verdict) => {
          const answer = verdict.state === 'denied' ? verdict : decideOne(by, decide, verdict);
          if (isObservable(answer)) wait(answer);
          else subscriber.next(answer);
        },
        error: (cause: unknown) => {
          subscriber.error(cause);
        },
        complete: () => {
          sourceEnded = true;
          complete();
        },
      });
    });
}

/** Never throws; an Observable of the answer emits once and completes, and never errors. */
function decideOne<R>(
  by: PolicyName,
  decide: (verdict: UndeniedVerdict<R>) => Answer<Verdict<R>>,
  verdict: UndeniedVerdict<R>,
): Verdict<R> | Observable<Verdict<R>> {
  const failed = (cause: unknown): Verdict<R> => deny(verdict, by, DenyReason.PolicyFailed, cause ?? unnamed(by));

  let answer: Answer<Verdict<R>>;
  try {
    answer = decide(verdict);
  } catch (cause) {
    return failed(cause);
  }
  if (!isPending(answer)) return answer;
  return from(answer).pipe(
    first(),
    catchError((cause: unknown) => of(failed(cause))),
  );
}

/** For `Promise.reject()` and the like, which would leave no trace. */
const unnamed = (by: PolicyName): SshServerError =>
  new SshServerError('ERR_SSH_POLICY_FAILED', `${by} failed without an error`);
