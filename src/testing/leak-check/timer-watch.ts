import type { SchedulerAction, SchedulerLike } from 'rxjs';

import type { Clock } from '../../streams/clock.js';
import { callPlace } from './call-place.js';
import type { Leak, LeakWatch } from './leak.js';

/** Work that waits for its time. */
interface Pending {
  readonly place: string;
  readonly kind: 'timer' | 'interval';
  /** Undefined on the clock, whose actions say when they are over. */
  readonly handle?: unknown;
  delayMs: number;
}

type Work = (this: SchedulerAction<unknown>, state?: unknown) => void;
type Callback = (...args: readonly unknown[]) => unknown;
type SetTimer = (callback: unknown, delayMs?: number, ...args: readonly unknown[]) => unknown;
type ClearTimer = (handle: unknown) => void;

const TIMERS = { setTimeout: 'timer', setInterval: 'interval' } as const;
const CLEARS = ['clearTimeout', 'clearInterval'] as const;

/**
 * Watches what is scheduled: on the clock of a server, and with the timers of the process, which handlers use.
 *
 * Keeps nothing of what has run or was called off, so that it does not itself keep alive what should be gone.
 */
export class TimerWatch implements LeakWatch {
  readonly #pending = new Set<Pending>();
  /** The clock may use the timers of the process; what it sets up there is seen already. */
  #isClockAtWork = false;
  readonly #restore: (() => void)[] = [];

  constructor({ scheduler }: Clock) {
    this.#watchScheduler(scheduler);
    for (const name of Object.keys(TIMERS) as (keyof typeof TIMERS)[]) this.#watchTimers(name);
    for (const name of CLEARS) this.#watchClear(name);
  }

  leaks(): readonly Leak[] {
    // A timer can also be closed by a method of its own.
    for (const it of this.#pending) if (isDestroyed(it.handle)) this.#pending.delete(it);
    return [...this.#pending].map(({ kind, delayMs, place }) => ({
      kind: 'timer',
      what: `${kind === 'interval' ? 'every' : 'after'} ${String(delayMs)} ms`,
      at: place,
    }));
  }

  stop(): void {
    for (const restore of this.#restore.reverse()) restore();
    this.#pending.clear();
  }

  #watchScheduler(scheduler: SchedulerLike): void {
    const schedule = scheduler.schedule.bind(scheduler);
    this.#replace(scheduler, 'schedule', (work: Work, delayMs = 0, state?: unknown) => {
      const pending: Pending = { kind: 'timer', place: callPlace(), delayMs };
      this.#pending.add(pending);
      const pend = this.#pending;
      const watched: Work = function (it) {
        pend.delete(pending);
        work.call(this, it);
      };
      const action = this.#atClockWork(() => schedule(watched, delayMs, state));
      // Called off, or over; at once if it has run already.
      action.add(() => {
        pend.delete(pending);
      });
      this.#watchAction(action, pending);
      return action;
    });
  }

  /** Work may schedule itself again. */
  #watchAction(action: object, pending: Pending): void {
    const again: unknown = Reflect.get(action, 'schedule');
    if (typeof again !== 'function') return;
    Reflect.set(action, 'schedule', (state?: unknown, delayMs = 0): unknown => {
      pending.delayMs = delayMs;
      if (Reflect.get(action, 'closed') !== true) this.#pending.add(pending);
      return this.#atClockWork((): unknown => Reflect.apply(again, action, [state, delayMs]));
    });
  }

  #watchTimers(name: keyof typeof TIMERS): void {
    // As handlers call it, with whatever arguments.
    const set = globalThis[name] as unknown as SetTimer;
    const kind = TIMERS[name];
    this.#replaceGlobal(name, (callback: unknown, delayMs = 0, ...args: readonly unknown[]): unknown => {
      if (this.#isClockAtWork || typeof callback !== 'function') return set(callback, delayMs, ...args);
      const pend = this.#pending;
      const watched = function (this: unknown, ...given: readonly unknown[]): unknown {
        if (kind === 'timer') pend.delete(pending);
        return Reflect.apply(callback as Callback, this, given);
      };
      const pending: Pending = { kind, place: callPlace(), handle: set(watched, delayMs, ...args), delayMs };
      pend.add(pending);
      return pending.handle;
    });
  }

  #watchClear(name: (typeof CLEARS)[number]): void {
    const clear = globalThis[name] as ClearTimer;
    this.#replaceGlobal(name, (handle: unknown) => {
      for (const it of this.#pending)
        if (it.handle !== undefined && isSame(it.handle, handle)) this.#pending.delete(it);
      clear(handle);
    });
  }

  #atClockWork<T>(work: () => T): T {
    const was = this.#isClockAtWork;
    this.#isClockAtWork = true;
    try {
      return work();
    } finally {
      this.#isClockAtWork = was;
    }
  }

  /** A function of the process, with what `promisify` and others look for on it. */
  #replaceGlobal(name: keyof typeof TIMERS | (typeof CLEARS)[number], substitute: (...args: never[]) => unknown): void {
    Object.defineProperties(substitute, Object.getOwnPropertyDescriptors(globalThis[name]));
    this.#replace(globalThis, name, substitute);
  }

  #replace(owner: object, name: string, value: unknown): void {
    const own = Object.getOwnPropertyDescriptor(owner, name);
    Object.defineProperty(owner, name, {
      value,
      configurable: true,
      writable: true,
      enumerable: own?.enumerable ?? false,
    });
    this.#restore.push(() => {
      if (own === undefined) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, own);
    });
  }
}

/** Timers are cleared by themselves or by their number. */
const isSame = (timer: unknown, handle: unknown): boolean =>
  timer === handle || (typeof handle !== 'object' && Number(timer) === Number(handle));

/** As Node marks a timer that is over. */
const isDestroyed = (timer: unknown): boolean =>
  typeof timer === 'object' && timer !== null && Reflect.get(timer, '_destroyed') === true;
