import { filter, merge, NEVER, type Observable, take } from 'rxjs';
import type { KeyboardInteractiveStart, PolicyContext } from 'rxsshd';

/**
 * Emits once, and completes, when the sign-in that `start` began is none any more, whatever policy has seen to that: something else is
 * begun on its connection, or anything but its questions is decided there, a refusal of them included.
 *
 * The answer to its questions ends it only once that is decided. As hot as the events of the server; never emits for a verdict that
 * was written by hand. Never errors.
 */
export function outdated(start: KeyboardInteractiveStart, context: PolicyContext | undefined): Observable<unknown> {
  if (context === undefined) return NEVER;
  const { SSHUserAuthRequest, Decided } = context.events;
  const isHere = ({ id }: { readonly id: string }): boolean => id === start.connection.id;
  return merge(
    SSHUserAuthRequest.pipe(
      filter((request) => isHere(request.connection) && !('stage' in request && request.stage === 'answered')),
    ),
    Decided.pipe(
      filter(({ connection, request }) => isHere(connection) && request.type === 'SSHUserAuthRequest'),
      filter(({ request, outcome }) => request !== start || outcome !== 'granted'),
    ),
  ).pipe(take(1));
}
