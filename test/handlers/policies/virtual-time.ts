import { VirtualTimeScheduler } from 'rxjs';

import { type Clock, clockOf } from '../../../src/streams/clock.js';

/** Time that stands still until a test moves it. */
export interface VirtualTime {
  readonly clock: Clock;
  /** Timers that are set and have not fired. */
  readonly timers: number;
  /** Lets `ms` milliseconds go by, with everything that is due in them. */
  advance(ms: number): void;
  /** Sets the clock, as an administrator does: timers do not notice. */
  set(now: number): void;
}

export function virtualTime(): VirtualTime {
  const scheduler = new VirtualTimeScheduler();
  let set = 0;
  const clock: Clock = { ...clockOf(scheduler), now: () => scheduler.now() + set };
  return {
    clock,
    get timers() {
      return scheduler.actions.filter((action) => !action.closed).length;
    },
    advance: (ms) => {
      const end = scheduler.frame + ms;
      scheduler.maxFrames = end;
      scheduler.flush();
      scheduler.frame = end;
    },
    set: (now) => {
      set = now - scheduler.now();
    },
  };
}
