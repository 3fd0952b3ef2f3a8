import type { SchedulerLike } from 'rxjs';

import type { Clock } from '../../streams/clock.js';
import { schedulerOn, type SetTimer } from '../scheduled-work.js';

/** What waits for its time. */
interface Waiting {
  readonly at: number;
  readonly run: () => void;
}

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  readonly scheduler: SchedulerLike;
  readonly #waiting: Waiting[] = [];
  #now: number;

  constructor(startAt: number) {
    this.#now = startAt;
    this.scheduler = schedulerOn(this.now, this.#setTimer);
  }

  /** The time, in milliseconds. */
  readonly now = (): number => this.#now;

  /** How many pieces of work wait for their time. */
  get pending(): number {
    return this.#waiting.length;
  }

  /**
   * Lets time pass. What is due runs at its time, in the order of times and, of one time, of scheduling; also what is scheduled
   * meanwhile. Promises settle after that: await something before the next look.
   *
   * @param ms - milliseconds, at least 0
   * @throws whatever the work throws; RangeError for time that would run backwards
   */
  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`fakeClock: time runs forwards, got ${String(ms)}`);
    const end = this.#now + ms;
    for (let next = this.#takeDue(end); next !== undefined; next = this.#takeDue(end)) {
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }

  readonly #setTimer: SetTimer = (run, delayMs) => {
    const entry: Waiting = { at: this.#now + Math.max(0, delayMs), run };
    // Behind everything of the same time.
    const later = this.#waiting.findIndex((it) => it.at > entry.at);
    this.#waiting.splice(later === -1 ? this.#waiting.length : later, 0, entry);
    return () => {
      const index = this.#waiting.indexOf(entry);
      if (index !== -1) this.#waiting.splice(index, 1);
    };
  };

  #takeDue(end: number): Waiting | undefined {
    const [next] = this.#waiting;
    return next !== undefined && next.at <= end ? this.#waiting.shift() : undefined;
  }
}

/**
 * A clock for tests that tell the time by hand.
 *
 * A simulation needs none: it has a virtual time of its own. Use this one where a single policy, store or fake is tested.
 *
 * @param startAt - the time to begin with, in milliseconds. Default 0.
 *
 * @example
 * ```ts
 * const clock = fakeClock();
 * const policy = rateLimit({ limit: 5, windowMs: 60_000, keyOf: ({ user }: SSHUserAuthRequest) => user, clock });
 * clock.advance(60_000);
 * ```
 */
export const fakeClock = (startAt = 0): FakeClock => new FakeClock(startAt);
