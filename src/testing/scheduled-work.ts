import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';

/** Calls `run` once after `delayMs` milliseconds. @returns what prevents it */
export type SetTimer = (run: () => void, delayMs: number) => () => void;

/** A scheduler of RxJS on timers of any kind. */
export const schedulerOn = (now: () => number, setTimer: SetTimer): SchedulerLike => ({
  now,
  schedule: <T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T) =>
    new ScheduledWork(setTimer, work).schedule(state, delay),
});

/** One piece of work, which may schedule itself again. */
class ScheduledWork<T> extends Subscription implements SchedulerAction<T> {
  readonly #setTimer: SetTimer;
  /** Gone once it is over: a timer may outlive its end for a while, and work may hold a whole connection. */
  #work: ((this: SchedulerAction<T>, state?: T) => void) | undefined;
  #cancel: (() => void) | undefined;

  constructor(setTimer: SetTimer, work: (this: SchedulerAction<T>, state?: T) => void) {
    super();
    this.#setTimer = setTimer;
    this.#work = work;
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    this.#cancel?.();
    this.#cancel = this.#setTimer(() => {
      this.#cancel = undefined;
      this.#work?.call(this, state);
      // Unless the work has scheduled itself again.
      if (!this.#isWaiting()) this.unsubscribe();
    }, delay);
    return this;
  }

  override unsubscribe(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#work = undefined;
    super.unsubscribe();
  }

  #isWaiting(): boolean {
    return this.#cancel !== undefined;
  }
}
