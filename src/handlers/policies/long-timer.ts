import { Observable, Subscription } from 'rxjs';

import { after, type Clock } from '../../streams/clock.js';

/**
 * The longest single wait. Timers of the platform take at most 2^31-1 ms, and they do not follow a clock that is set or a
 * machine that slept: looking at the clock once an hour costs nothing and makes good for both.
 */
const LONGEST_WAIT_MS = 3_600_000;

/**
 * Waits for a moment, however far away: emits once when `clock` has reached `time`, and completes.
 *
 * Cold. Emits in the call of `subscribe` if the moment is past already, never before it, and at most an hour late if the
 * clock is set forward meanwhile. A `time` of `Infinity` never comes, `NaN` has come. Never errors; unsubscribing takes the timer away.
 *
 * @param time - Milliseconds on the scale of `clock.now()`.
 */
export const at = (clock: Clock, time: number): Observable<void> =>
  new Observable((subscriber) => {
    let waiting = Subscription.EMPTY;
    const look = (): void => {
      const leftMs = time - clock.now();
      if (leftMs > 0) {
        if (leftMs !== Infinity) waiting = after(clock, Math.min(leftMs, LONGEST_WAIT_MS), look);
        return;
      }
      subscriber.next();
      subscriber.complete();
    };
    look();
    return () => {
      waiting.unsubscribe();
    };
  });
