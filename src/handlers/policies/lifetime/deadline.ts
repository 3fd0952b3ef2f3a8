import { concat, concatMap, defer, filter, from, map, type Observable } from 'rxjs';

import type { Clock } from '../../../streams/clock.js';
import type { LeaseSignal } from '../../../streams/lease.js';
import type { Ending } from './ending-options.js';
import { at } from '../long-timer.js';

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
  return defer(() => {
    const leftMs = time - clock.now();
    const late = warnBeforeMs.filter((before) => before > leftMs).length;
    const warning$ = from(warnBeforeMs.slice(Math.max(0, late - 1))).pipe(
      concatMap((before) => at(clock, time - before)),
      map(() => time - clock.now()),
      // The clock may have been set forward beyond the end itself.
      filter((left) => left > 0),
      map((left): LeaseSignal => ({ type: 'warn', message: warning(left) })),
    );
    const end$ = at(clock, time).pipe(map((): LeaseSignal => ({ type: 'revoke', reason, by, graceMs })));
    return concat(warning$, end$);
  });
}
