import { Observable } from 'rxjs';

import type { Clock } from '../../../streams/clock.js';
import type { LeaseSignal } from '../../../streams/lease.js';
import type { Ending } from './ending-options.js';
import { LongWait } from '../long-wait.js';

/** What is said on the way to the end, and at the end. */
export interface DeadlineTexts {
  /** The warning, `leftMs` milliseconds before the end. */
  readonly warning: (leftMs: number) => string;
  /** Why it ends. */
  readonly reason: string;
}

/**
 * The signals of a lease that ends at a moment: the warnings, each in its time, then the revocation.
 *
 * Cold. Of warnings that are late from the start, one is given at once. Completes with the revocation, never errors.
 *
 * @param time - When it ends, in milliseconds of `clock`.
 */
export function deadline(
  clock: Clock,
  time: number,
  { by, graceMs, warnBeforeMs }: Ending,
  { warning, reason }: DeadlineTexts,
): Observable<LeaseSignal> {
  return new Observable((subscriber) => {
    const wait = new LongWait(clock);
    const end = (): void => {
      subscriber.next({ type: 'revoke', reason, by, graceMs });
      subscriber.complete();
    };
    const go = (index: number): void => {
      const before = warnBeforeMs[index];
      if (before === undefined) {
        wait.until(time, end);
        return;
      }
      wait.until(time - before, () => {
        const leftMs = time - clock.now();
        // The clock may have been set forward beyond the end itself.
        if (leftMs > 0) subscriber.next({ type: 'warn', message: warning(leftMs) });
        if (!subscriber.closed) go(index + 1);
      });
    };
    const leftMs = time - clock.now();
    const late = warnBeforeMs.filter((before) => before > leftMs).length;
    go(Math.max(0, late - 1));
    return wait;
  });
}
