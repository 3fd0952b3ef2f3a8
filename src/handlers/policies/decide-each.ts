import { catchError, first, from, mergeMap, type Observable, of } from 'rxjs';

import { SshServerError } from '../../errors.js';
import { DenyReason } from '../../streams/deny-reason.js';
import type { Policy } from '../../streams/policy.js';
import { deny, type GrantedVerdict, type OpenVerdict, type PolicyName, type Verdict } from '../../streams/verdict.js';
import { type Answer, isPending } from './answer.js';

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
 */
export function decideEach<R>(by: PolicyName, decide: (verdict: UndeniedVerdict<R>) => Answer<Verdict<R>>): Policy<R> {
  return mergeMap((verdict) => (verdict.state === 'denied' ? of(verdict) : decideOne(by, decide, verdict)));
}

function decideOne<R>(
  by: PolicyName,
  decide: (verdict: UndeniedVerdict<R>) => Answer<Verdict<R>>,
  verdict: UndeniedVerdict<R>,
): Observable<Verdict<R>> {
  const failed = (cause: unknown): Observable<Verdict<R>> =>
    of(deny(verdict, by, DenyReason.PolicyFailed, cause ?? unnamed(by)));

  let answer: Answer<Verdict<R>>;
  try {
    answer = decide(verdict);
  } catch (cause) {
    return failed(cause);
  }
  return isPending(answer) ? from(answer).pipe(first(), catchError(failed)) : of(answer);
}

/** For `Promise.reject()` and the like, which would leave no trace. */
const unnamed = (by: PolicyName): SshServerError =>
  new SshServerError('ERR_SSH_POLICY_FAILED', `${by} failed without an error`);
