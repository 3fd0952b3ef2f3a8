import { map, type Observable } from 'rxjs';

import type { Clock } from '../../../streams/clock.js';
import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { Verdict } from '../../../streams/verdict.js';
import { at } from '../long-timer.js';

/** What the policies after a hold have left to think, in milliseconds, however long it was. */
const AFTERWARDS_MS = 30_000;

/**
 * Emits `verdict` once `clock` has reached `time`, in the call of `subscribe` if it has already, and completes. The server's
 * decision deadline is extended as far as it takes.
 */
export function holdVerdict<R>(verdict: Verdict<R>, time: number, clock: Clock): Observable<Verdict<R>> {
  const { context, request } = verdict;
  // Only a server gives a context, and it asks about nothing but its own requests.
  context?.extendDeadline(request as SshRequest, Math.max(0, time - clock.now()) + AFTERWARDS_MS);
  return at(clock, time).pipe(map(() => verdict));
}
