import { filter, map, merge, type Observable, take } from 'rxjs';
import { deny, DenyReason, type SSHUserAuthRequest, type UndeniedVerdict, type Verdict } from 'rxsshd';

/**
 * Decides `verdict` by `decided$` unless its connection ends first: then that is unsubscribed, and the answer, which nobody hears,
 * is a denial.
 */
export function whileConnected(
  by: string,
  verdict: UndeniedVerdict<SSHUserAuthRequest>,
  decided$: Observable<Verdict<SSHUserAuthRequest>>,
): Observable<Verdict<SSHUserAuthRequest>> {
  const { context, request } = verdict;
  if (context === undefined) return decided$;
  const gone$ = context.events.Disconnected.pipe(
    filter(({ connection }) => connection.id === request.connection.id),
    map(() => deny<SSHUserAuthRequest>(verdict, by, DenyReason.NotPermitted)),
  );
  return merge(gone$, decided$).pipe(take(1));
}
