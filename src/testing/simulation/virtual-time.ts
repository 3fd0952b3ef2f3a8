import { setImmediate } from 'node:timers';

import type * as FakeTimers from '@sinonjs/fake-timers';
import type { Clock as FakeClock } from '@sinonjs/fake-timers';
import { SshServerError } from '../../errors.js';
import type { Clock } from '../../streams/clock.js';
import { schedulerOn } from '../scheduled-work.js';

/** What a timer can wait for, the fake ones included. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** Runs what is behind it as a microtask, at a fraction of the cost of `queueMicrotask`, which makes a resource of each. */
const NOW = Promise.resolve();

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
  readonly #activity: Activity = { isBusy: false, held: new Set() };

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
    const now = (): number => timers.now;
    const scheduler = schedulerOn(now, (run, delayMs) => {
      const timer = timers.setTimeout(run, delayMs);
      return () => {
        timers.clearTimeout(timer);
      };
    });
    this.clock = { scheduler, now };
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
    this.#activity.isBusy = true;
    void NOW.then(work);
  };

  /** Calls `work` when `delayMs` have passed, however many. */
  later(delayMs: number, work: () => void): void {
    const leftMs = delayMs - LONGEST_WAIT_MS;
    if (leftMs <= 0) this.#timers.setTimeout(work, delayMs);
    else {
      this.#timers.setTimeout(() => {
        this.later(leftMs, work);
      }, LONGEST_WAIT_MS);
    }
  }

  /** Lets no time pass until `work` has settled: for what takes real time, such as a file or a key derivation. */
  async hold<T>(work: Promise<T>): Promise<T> {
    this.#activity.held.add(work);
    try {
      return await work;
    } finally {
      this.#activity.held.delete(work);
      this.#activity.isBusy = true;
    }
  }

  /** Lets time pass until `elapsed` milliseconds since the beginning, that millisecond included. */
  passUntil(elapsed: number): Promise<void> {
    const end = this.#startAt + elapsed;
    return new Promise((resolve, reject) => {
      const lull = new Lull(this.#activity, () => {
        try {
          if (this.#nextAt() > end) {
            this.#timers.tick(Math.max(0, end - this.#timers.now));
            resolve();
            return;
          }
          this.#timers.next();
        } catch (error) {
          // Of whoever set the timer; passed on as it is, whatever was thrown.
          const failure = error as Error;
          reject(failure);
          return;
        }
        lull.await();
      });
      lull.await();
    });
  }

  /** Waits, in no time, until nothing moves by itself any more. */
  settle(): Promise<void> {
    return new Promise((resolve) => {
      new Lull(this.#activity, resolve).await();
    });
  }

  /** Lets as much time pass as it takes until `work` has settled. */
  async passWhile<T>(work: Promise<T>): Promise<T> {
    const progress = { hasSettled: false };
    const settled = (): void => {
      progress.hasSettled = true;
    };
    work.then(settled, settled);
    await this.settle();
    while (!progress.hasSettled && this.#nextAt() < Infinity) await this.passUntil(this.#nextAt() - this.#startAt);
    return work;
  }

  /** When the next timer is due, in milliseconds since the epoch. */
  #nextAt(): number {
    // Declared by the package for nobody in particular, and all there is to look ahead without letting time pass.
    return this.#timers.timerHeap?.peek()?.callAt ?? Infinity;
  }

  /** The time of the process is real again; what was waiting never happens. */
  [Symbol.dispose](): void {
    if (running !== this) return;
    running = undefined;
    this.#timers.uninstall();
  }
}

/** What moves by itself. */
interface Activity {
  /** Whether something was set going that may go on in another turn of the event loop. */
  isBusy: boolean;
  /** Real work that is waited for. */
  readonly held: Set<Promise<unknown>>;
}

/**
 * A moment in which nothing moves by itself any more: promises have settled, and streams have had their say.
 *
 * Without a promise of its own, and in one turn of the event loop if that is enough: a month has hundreds of thousands of
 * such moments.
 */
class Lull {
  readonly #activity: Activity;
  readonly #come: () => void;

  /** @param come - called when it has come, each time that it was awaited */
  constructor(activity: Activity, come: () => void) {
    this.#activity = activity;
    this.#come = come;
  }

  readonly await = (): void => {
    void NOW.then(this.#awaitTicks);
  };

  // What is queued in a microtask runs behind all microtasks, which includes those that they queue themselves.
  readonly #awaitTicks = (): void => {
    process.nextTick(this.#awaitImmediates);
  };

  readonly #awaitImmediates = (): void => {
    this.#activity.isBusy = false;
    setImmediate(this.#look);
  };

  readonly #look = (): void => {
    const { isBusy, held } = this.#activity;
    if (held.size > 0) void Promise.allSettled(held).then(this.await);
    else if (isBusy) this.await();
    else this.#come();
  };
}

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
