import { filter, from, map, merge, type Observable, take } from 'rxjs';

import { DenyReason } from '../../../streams/deny-reason.js';
import { deny, type PolicyName, type Verdict } from '../../../streams/verdict.js';
import { type Answer, isPending } from '../answer.js';
import type { FromConnection } from '../from-connection.js';

/**
 * Decides `verdict` by `work` unless its connection ends first. Then the work is unsubscribed, and the answer is a denial: nobody
 * hears it, but later policies are spared the work. An answer that is there already is passed on as it is.
 *
 * A connection that is still to be let in ends without an event, so the work is waited for.
 */
export function whileConnected<R extends FromConnection>(
  by: PolicyName,
  verdict: Verdict<R>,
  work: Observable<Verdict<R>>,
): Observable<Verdict<R>>;
export function whileConnected<R extends FromConnection>(
  by: PolicyName,
  verdict: Verdict<R>,
  work: Answer<Verdict<R>>,
): Answer<Verdict<R>>;
export function whileConnected<R extends FromConnection>(
  by: PolicyName,
  verdict: Verdict<R>,
  work: Answer<Verdict<R>>,
): Answer<Verdict<R>> {
  const { context, request } = verdict;
  if (context === undefined || !isPending(work)) return work;
  const gone$ = context.events.Disconnected.pipe(
    filter(({ connection }) => connection.id === request.connection.id),
    map(() => deny(verdict, by, DenyReason.NotPermitted)),
  );
  return merge(gone$, from(work)).pipe(take(1));
}
