import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';

import type { Clock } from '../../streams/clock.js';

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  readonly scheduler: SchedulerLike;
  readonly #waiting: FakeAction<unknown>[] = [];
  #now: number;

  constructor(startAt: number) {
    this.#now = startAt;
    this.scheduler = {
      now: () => this.#now,
      schedule: <T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T) =>
        new FakeAction(this.#enqueue, work).schedule(state, delay),
    };
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
      next.execute();
    }
    this.#now = end;
  }

  readonly #enqueue = (action: FakeAction<unknown>, delay: number): (() => void) => {
    action.at = this.#now + Math.max(0, delay);
    // Behind everything of the same time.
    const later = this.#waiting.findIndex((it) => it.at > action.at);
    this.#waiting.splice(later === -1 ? this.#waiting.length : later, 0, action);
    return () => {
      const index = this.#waiting.indexOf(action);
      if (index !== -1) this.#waiting.splice(index, 1);
    };
  };

  #takeDue(end: number): FakeAction<unknown> | undefined {
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

/** One piece of work, which may schedule itself again. */
class FakeAction<T> extends Subscription implements SchedulerAction<T> {
  /** When it is due. */
  at = 0;
  readonly #enqueue: (action: FakeAction<unknown>, delay: number) => () => void;
  readonly #work: (this: SchedulerAction<T>, state?: T) => void;
  #state: T | undefined;
  #cancel: (() => void) | undefined;

  constructor(
    enqueue: (action: FakeAction<unknown>, delay: number) => () => void,
    work: (this: SchedulerAction<T>, state?: T) => void,
  ) {
    super();
    this.#enqueue = enqueue;
    this.#work = work;
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    this.#cancel?.();
    this.#state = state;
    // The queue never looks at the state.
    this.#cancel = this.#enqueue(this as FakeAction<unknown>, delay);
    return this;
  }

  /** Its time has come. */
  execute(): void {
    this.#cancel = undefined;
    this.#work.call(this, this.#state);
    // Unless the work has scheduled itself again.
    if (!this.#isWaiting()) this.unsubscribe();
  }

  override unsubscribe(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    super.unsubscribe();
  }

  #isWaiting(): boolean {
    return this.#cancel !== undefined;
  }
}
