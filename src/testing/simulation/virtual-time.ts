import { setImmediate } from 'node:timers';

import type * as FakeTimers from '@sinonjs/fake-timers';
import type { Clock as FakeClock } from '@sinonjs/fake-timers';
import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';

import { SshServerError } from '../../errors.js';
import type { Clock } from '../../streams/clock.js';

/** The time of a process can be faked once. */
let running: VirtualTime | undefined;

/**
 * Time that passes when it is told to.
 *
 * While it lives, the timers and the date of the process are virtual too: `setTimeout`, `setInterval`, `Date`,
 * `performance.now` and, with them, RxJS's own operators of time. Everything that promises and streams set going by
 * themselves happens before time goes on.
 */
export class VirtualTime implements Disposable {
  readonly clock: Clock;
  readonly #timers: FakeClock;
  readonly #startAt: number;
  #busy = false;
  readonly #held = new Set<Promise<unknown>>();

  /**
   * @param startAt - milliseconds since the epoch
   * @throws SshServerError `ERR_SSH_STATE` while another virtual time lives, `ERR_SSH_OPTION` without `@sinonjs/fake-timers`
   */
  static async begin(startAt: number): Promise<VirtualTime> {
    const { install } = await fakeTimers();
    if (running !== undefined) {
      throw new SshServerError(
        'ERR_SSH_STATE',
        'simulate: another simulation of this process has not been disposed of, and there is one virtual time at once. ' +
          'Hold each with `await using`, and do not run such tests concurrently in one file.',
      );
    }
    const timers = install({
      now: startAt,
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
      ignoreMissingTimers: true,
    });
    running = new VirtualTime(timers, startAt);
    return running;
  }

  private constructor(timers: FakeClock, startAt: number) {
    this.#timers = timers;
    this.#startAt = startAt;
    this.clock = { scheduler: new VirtualScheduler(timers), now: () => timers.now };
  }

  /** Milliseconds since the beginning. */
  get elapsed(): number {
    return this.#timers.now - this.#startAt;
  }

  /** How many timers wait for their time. */
  get waiting(): number {
    return this.#timers.countTimers();
  }

  /** Calls `work` at this very time, after what is under way. */
  readonly post = (work: () => void): void => {
    this.#busy = true;
    queueMicrotask(work);
  };

  /** Calls `work` when `delayMs` have passed. */
  later(delayMs: number, work: () => void): void {
    this.#timers.setTimeout(work, delayMs);
  }

  /** Lets no time pass until `work` has settled: for what takes real time, such as a file or a key derivation. */
  async hold<T>(work: Promise<T>): Promise<T> {
    this.#held.add(work);
    try {
      return await work;
    } finally {
      this.#held.delete(work);
      this.#busy = true;
    }
  }

  /** Lets time pass until `elapsed` milliseconds since the beginning, that millisecond included. */
  async passUntil(elapsed: number): Promise<void> {
    const end = new Moment();
    // Made before everything that will be due then, so it is the first of the next millisecond.
    this.#timers.setTimeout(end.reach, elapsed + 1 - this.elapsed);
    await this.settle();
    while (!end.isReached()) {
      this.#timers.next();
      await this.settle();
    }
  }

  /** Waits, in no time, until nothing moves by itself any more. */
  async settle(): Promise<void> {
    do {
      this.#busy = false;
      while (this.#held.size > 0) await Promise.allSettled(this.#held);
      await turn();
    } while (this.#isBusy());
  }

  /** Whether something was posted since, or is waited for. */
  #isBusy(): boolean {
    return this.#busy || this.#held.size > 0;
  }

  /** The time of the process is real again; what was waiting never happens. */
  [Symbol.dispose](): void {
    if (running !== this) return;
    running = undefined;
    this.#timers.uninstall();
  }
}

/** A time that comes. */
class Moment {
  #reached = false;

  readonly reach = (): void => {
    this.#reached = true;
  };

  isReached(): boolean {
    return this.#reached;
  }
}

/** A turn of the event loop, in which microtasks and the events of streams have their say. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

async function fakeTimers(): Promise<typeof FakeTimers> {
  try {
    return await import('@sinonjs/fake-timers');
  } catch (cause) {
    throw new SshServerError(
      'ERR_SSH_OPTION',
      'simulate: virtual time needs the package @sinonjs/fake-timers: npm install --save-dev @sinonjs/fake-timers',
      { cause },
    );
  }
}

/** What RxJS schedules, on the fake timers. */
class VirtualScheduler implements SchedulerLike {
  readonly #timers: FakeClock;

  constructor(timers: FakeClock) {
    this.#timers = timers;
  }

  now(): number {
    return this.#timers.now;
  }

  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    return new VirtualAction(this.#timers, work).schedule(state, delay);
  }
}

type Timer = ReturnType<FakeClock['setTimeout']>;

/** One piece of work, which may schedule itself again. */
class VirtualAction<T> extends Subscription implements SchedulerAction<T> {
  readonly #timers: FakeClock;
  readonly #work: (this: SchedulerAction<T>, state?: T) => void;
  #timer: Timer | undefined;

  constructor(timers: FakeClock, work: (this: SchedulerAction<T>, state?: T) => void) {
    super();
    this.#timers = timers;
    this.#work = work;
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    this.#cancel();
    this.#timer = this.#timers.setTimeout(() => {
      this.#timer = undefined;
      this.#work.call(this, state);
      // Unless the work has scheduled itself again.
      if (!this.#isWaiting()) this.unsubscribe();
    }, delay);
    return this;
  }

  override unsubscribe(): void {
    this.#cancel();
    super.unsubscribe();
  }

  #isWaiting(): boolean {
    return this.#timer !== undefined;
  }

  #cancel(): void {
    if (this.#timer === undefined) return;
    this.#timers.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
