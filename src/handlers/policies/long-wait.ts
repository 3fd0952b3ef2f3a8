import type { Subscription } from 'rxjs';

import { after, type Clock } from '../../streams/clock.js';

/**
 * The longest single wait. Timers of the platform take at most 2^31-1 ms, and they do not follow a clock that is set or a
 * machine that slept: looking at the clock once an hour costs nothing and makes good for both.
 */
const LONGEST_WAIT_MS = 3_600_000;

/**
 * Waits for one moment after the other, however far away, with one timer at a time.
 *
 * A moment of `Infinity` never comes, one of `NaN` has come.
 */
export class LongWait {
  readonly #clock: Clock;
  #time = Infinity;
  #work: () => void = nothing;
  #timer: Subscription | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Calls `work` once when the clock has reached `time`, in this call if the moment is past already and never before it; at most
   * an hour late if the clock is set forward meanwhile. What was waited for before is waited for no more.
   *
   * @param time - Milliseconds on the scale of `clock.now()`.
   */
  until(time: number, work: () => void): void {
    this.unsubscribe();
    this.#time = time;
    this.#work = work;
    this.#look();
  }

  /** Waits no more. */
  unsubscribe(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
  }

  readonly #look = (): void => {
    const leftMs = this.#time - this.#clock.now();
    if (leftMs > 0) {
      if (leftMs !== Infinity) this.#timer = after(this.#clock, Math.min(leftMs, LONGEST_WAIT_MS), this.#look);
      return;
    }
    this.#timer = undefined;
    this.#work();
  };
}

const nothing = (): void => undefined;
