import { asyncScheduler, type SchedulerLike, type Subscription } from 'rxjs';

/**
 * Where a server takes time from: everything that waits or stamps goes through one of these.
 *
 * Give a `TestScheduler` to {@link clockOf} and a whole server lives in virtual time.
 */
export interface Clock {
  /** Runs delayed work. Hand it to `timer`, `delay` and other operators of your own policies. */
  readonly scheduler: SchedulerLike;
  /** Milliseconds since the epoch, or since the start of virtual time. */
  now(): number;
}

/** A clock that runs on `scheduler`. */
export const clockOf = (scheduler: SchedulerLike): Clock => ({ scheduler, now: () => scheduler.now() });

/** The real time of this machine. The default of every `clock` option. */
export const systemClock: Clock = clockOf(asyncScheduler);

/** What the timers of Node can wait for, in milliseconds: 24.8 days. A longer wait would be none at all. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** Calls `work` once, `delayMs` milliseconds from now or, if that is more, after 24.8 days, unless unsubscribed before. */
export const after = (clock: Clock, delayMs: number, work: () => void): Subscription =>
  clock.scheduler.schedule(work, Math.min(delayMs, LONGEST_WAIT_MS));
