import { type SchedulerAction, type Subscription, VirtualTimeScheduler } from 'rxjs';

import { type Clock, clockOf } from '../../../src/streams/clock.js';

/** Virtual time that does not wait to be moved: as soon as somebody waits, it jumps to the moment they wait for. */
class HurriedScheduler extends VirtualTimeScheduler {
  override schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay?: number, state?: T): Subscription {
    const waiting = super.schedule(work, delay, state);
    queueMicrotask(() => {
      this.flush();
    });
    return waiting;
  }
}

/** A clock on which every wait is over at once, in the order of the times waited for, and has taken as long as it was to. */
export const hurriedClock = (): Clock => clockOf(new HurriedScheduler());
