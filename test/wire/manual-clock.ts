import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';

import type { Clock } from '../../src/streams/clock.js';

interface Work {
  readonly at: number;
  readonly run: () => void;
}

/** A clock that stands still until it is told to go on, and counts what waits for it. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #waiting = new Set<Work>();

  readonly scheduler: SchedulerLike = {
    now: () => this.#now,
    schedule: <T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription => {
      const entry: Work = {
        at: this.#now + delay,
        run: () => {
          // One-shot work is all that servers schedule; it never looks at `this`.
          work.call(undefined as unknown as SchedulerAction<T>, state);
        },
      };
      this.#waiting.add(entry);
      return new Subscription(() => {
        this.#waiting.delete(entry);
      });
    },
  };

  now(): number {
    return this.#now;
  }

  /** How many timers are running. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Lets `ms` milliseconds go by: timers fire in order of time, then of their start. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      let next: Work | undefined;
      for (const work of this.#waiting) if (work.at <= end && (next === undefined || work.at < next.at)) next = work;
      if (next === undefined) break;
      this.#now = next.at;
      this.#waiting.delete(next);
      next.run();
    }
    this.#now = end;
  }
}
