import type { Clock } from '../../streams/clock.js';

/** One call of a fake, as its script and its log see it. */
export interface FakeCall {
  /** The method of the fake, such as `hit` or `verifyPassword`. */
  readonly method: string;
  /** How many calls the fake has had, this one included. */
  readonly ordinal: number;
  /** How many calls this method has had, this one included. */
  readonly methodOrdinal: number;
  /** What it was called with. May hold passwords: for tests alone. */
  readonly arguments: readonly unknown[];
  /** When, in milliseconds of the fake's clock. */
  readonly atMs: number;
}

/** A moment: milliseconds of the fake's clock, or a time of the day as `Date` reads it, such as `2026-01-01T02:00:00Z`. */
export type Moment = number | string | Date;

/** One thing that goes wrong. What is left out restricts nothing, so an error alone fails every call. */
export interface Fault {
  /** What the call fails with. */
  readonly error: Error;
  /** The method that fails. Default all of the fake's. */
  readonly method?: string;
  /** Which call fails, or which ones, counted from 1 among those of `method`, or of the fake if it names none. */
  readonly onCall?: number | readonly number[];
  /** The first moment at which calls fail. */
  readonly failFrom?: Moment;
  /** The first moment at which calls no longer fail. */
  readonly failUntil?: Moment;
}

/**
 * What goes wrong with a fake: one thing, several, of which the first that fits a call counts, or a function that is asked
 * about each call and says what it fails with, if it does.
 */
export type Faults = Fault | readonly Fault[] | ((call: FakeCall) => Error | undefined);

/** How long a fake takes over a call, in milliseconds, at least 0. */
export type Latency = number | ((call: FakeCall) => number);

/**
 * How a fake behaves: the same few words for every fake.
 *
 * @example
 * ```ts
 * const down = new Error('the directory is down');
 * const store = fakeCounterStore({ latencyMs: 20, faults: { onCall: [3, 4], error: new Error('reset by peer') } });
 * const users = fakeDirectory(
 *   { ann: { password: 'right' } },
 *   { faults: { failFrom: '2026-01-01T01:00:00Z', failUntil: '2026-01-01T02:00:00Z', error: down } },
 * );
 * const flaky = fakeFiles({
 *   faults: ({ method, ordinal }) => (method === 'append' && ordinal % 10 === 0 ? systemError('EIO') : undefined),
 * });
 * ```
 */
export interface FakeScript {
  /** What goes wrong. Default nothing. */
  readonly faults?: Faults;
  /** How long each call takes, in milliseconds; a call without latency answers at once. Default 0. */
  readonly latencyMs?: Latency;
  /** Where time comes from. Default the timers of the process, which a simulation makes virtual. */
  readonly clock?: Clock;
}

/** What every fake can do, whatever it stands for. */
export interface ScriptedFake {
  /** Every call so far, in order. */
  readonly calls: readonly FakeCall[];
  /** From now on every call fails with `error`, whatever the script says. */
  fail(error: Error): void;
  /** From now on the script counts again. */
  recover(): void;
}
