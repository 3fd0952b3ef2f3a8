import { filter, merge, NEVER, type Observable, take } from 'rxjs';
import type { ConnectionInfo, PolicyContext } from 'rxsshd';

/**
 * Emits once, and completes, when nobody waits for a sign-in any more: its connection has ended, or the policy is asked no more.
 *
 * As hot as the events of the server; never emits for a verdict that was written by hand. Never errors.
 */
export const abandoned = (connection: ConnectionInfo, context: PolicyContext | undefined): Observable<unknown> =>
  context === undefined
    ? NEVER
    : merge(
        context.events.Disconnected.pipe(filter((ended) => ended.connection.id === connection.id)),
        context.retired,
      ).pipe(take(1));
