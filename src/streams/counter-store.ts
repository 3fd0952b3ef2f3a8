import type { Observable } from 'rxjs';

/** How many hits a key may have, in which window. */
export interface HitWindow {
  /** Hits allowed per key in any window of `windowMs`. */
  readonly limit: number;
  /** Length of the window in milliseconds. */
  readonly windowMs: number;
  /**
   * The time of the hit, in milliseconds of the server's clock. A store that several machines share may prefer a clock
   * of its own.
   */
  readonly now: number;
}

/** How far into the future a key is pushed. */
export interface Extension {
  /** Milliseconds to add to what is left. 0 or more; 0 only asks. */
  readonly addMs: number;
  /** What is left is never more than this, in milliseconds. */
  readonly maxMs: number;
  /** The time, in milliseconds of the server's clock. */
  readonly now: number;
}

/** What became of a hit. */
export interface HitResult {
  /** False if the window already held `limit` hits; such a hit was not counted. */
  readonly allowed: boolean;
  /** Counted hits in the window that ends now, this one included if it was allowed. */
  readonly count: number;
}

/**
 * Where policies keep their counts: in memory by default, elsewhere if several processes must count together.
 *
 * A peer chooses many of the keys, user names for one, so an implementation bounds what it remembers, in the number of
 * keys and in their length. Reading and counting are one step: two hits at once never both take the last place.
 */
export interface CounterStore {
  /**
   * Counts a hit on `key` unless the window is full.
   *
   * A key is asked with the same `windowMs` each time; what another one makes of its hits is up to the store.
   * May answer at once or later; a failure is thrown, rejected or errored. Of an Observable the first value counts.
   */
  hit(key: string, window: HitWindow): HitResult | PromiseLike<HitResult> | Observable<HitResult>;

  /**
   * Adds to the time that is left on `key`, which runs out by itself: a ban, or a penalty that drains.
   *
   * Apart from the hits on the same key. A store that has to forget keys forgets those that run out first, so that
   * short bans, which are cheap to come by, never lift long ones.
   *
   * @returns what is left now, in milliseconds; 0 if nothing is. Answers and fails as {@link hit} does.
   */
  extend(key: string, extension: Extension): number | PromiseLike<number> | Observable<number>;

  /** Forgets everything about `key`, its hits and its time. Answers, with anything, and fails as {@link hit} does. */
  clear(key: string): unknown;
}
