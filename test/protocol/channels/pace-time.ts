import type { PaceTime } from '../../../src/protocol/channels/pace.js';
import type { Clock } from '../../../src/streams/clock.js';

/** The time of a clock, as paces take it. */
export const paceTime = (clock: Clock): PaceTime => ({
  now: () => clock.now(),
  schedule: (delayMs, work) => {
    const timer = clock.scheduler.schedule(work, delayMs);
    return () => {
      timer.unsubscribe();
    };
  },
});
