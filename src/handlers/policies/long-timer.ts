import { Observable } from 'rxjs';

import type { Clock } from '../../streams/clock.js';
import { LongWait } from './long-wait.js';

/**
 * Waits for a moment, however far away: emits once when `clock` has reached `time`, and completes. As {@link LongWait}, which
 * costs less.
 *
 * Cold. Emits in the call of `subscribe` if the moment is past already. Never errors; unsubscribing takes the timer away.
 *
 * @param time - Milliseconds on the scale of `clock.now()`.
 */
export const at = (clock: Clock, time: number): Observable<void> =>
  new Observable((subscriber) => {
    const wait = new LongWait(clock);
    wait.until(time, () => {
      subscriber.next();
      subscriber.complete();
    });
    return wait;
  });
