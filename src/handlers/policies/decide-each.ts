import { catchError, first, from, of } from 'rxjs';

import { SshServerError } from '../../errors.js';
import { DenyReason } from '../../streams/deny-reason.js';
import { type DecideVerdict, EachVerdict } from '../../streams/each-verdict.js';
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

  const failed = (verdict: UndeniedVerdict<R>, cause: unknown): Verdict<R> =>
    deny(verdict, by, DenyReason.PolicyFailed, cause ?? unnamed(by));

  const decideOne: DecideVerdict<R> = (verdict) => {
    if (verdict.state === 'denied') return verdict;
    try {
      const answer = decide(verdict);
      if (!isPending(answer)) return answer;
      return from(answer).pipe(
        first(),
        catchError((cause: unknown) => of(failed(verdict, cause))),
      );
    } catch (cause) {
      return failed(verdict, cause);
    }
  };
  return (verdict$) => new EachVerdict(verdict$, decideOne);
}

/** For `Promise.reject()` and the like, which would leave no trace. */
const unnamed = (by: PolicyName): SshServerError =>
  new SshServerError('ERR_SSH_POLICY_FAILED', `${by} failed without an error`);
