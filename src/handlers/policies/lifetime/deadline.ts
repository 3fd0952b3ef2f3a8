import type { Clock } from '../../../streams/clock.js';
import { PlainLease } from '../../../streams/plain-lease.js';
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
 * Of warnings that are late from the start, one is given at once.
 *
 * @param time - When it ends, in milliseconds of `clock`.
 */
export function deadline(
  clock: Clock,
  time: number,
  { by, graceMs, warnBeforeMs }: Ending,
  { warning, reason }: DeadlineTexts,
): PlainLease {
  return new PlainLease((speak) => {
    const wait = new LongWait(clock);
    let isOver = false;
    const end = (): void => {
      speak({ type: 'revoke', reason, by, graceMs });
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
        if (leftMs > 0) speak({ type: 'warn', message: warning(leftMs) });
        // Whoever heard it may have given the lease up.
        if (!isOver) go(index + 1);
      });
    };
    const leftMs = time - clock.now();
    const late = warnBeforeMs.filter((before) => before > leftMs).length;
    go(Math.max(0, late - 1));
    return () => {
      isOver = true;
      wait.unsubscribe();
    };
  });
}
