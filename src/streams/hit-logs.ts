import type { HitResult, HitWindow } from './counter-store.js';

/** The hits of one key. */
interface HitLog {
  /** When the counted hits happened, oldest first. */
  times: number[];
  /** When the last of them leaves its window. */
  expiresAt: number;
}

/** Expired keys forgotten per hit: more than one, so that they go faster than they come, and few, so that no hit is slow. */
const SWEEP = 2;

/** The hits of all keys that are counted in windows of the same length, so that the key counted least recently expires first. */
export class HitLogs {
  /** A Map iterates in insertion order and a counted key is inserted anew, so the first is the one counted least recently. */
  readonly #logs = new Map<string, HitLog>();
  /**
   * Goes through the keys from the oldest on, and meets a key again that was inserted anew. Kept, since an iterator that
   * starts afresh steps over the place of every key that was removed, which makes a flood of keys slow.
   */
  #walk = this.#logs.entries();
  /** Where the walk stands: the oldest key, unless it has been counted again since. */
  #front: readonly [id: string, log: HitLog] | undefined;

  get size(): number {
    return this.#logs.size;
  }

  /** As {@link CounterStore.hit}. */
  hit(id: string, { limit, windowMs, now }: HitWindow): HitResult {
    this.#sweep(now);
    const log = this.#logs.get(id);
    const times = log === undefined ? [] : recent(log.times, now, windowMs);
    if (log !== undefined) log.times = times;
    if (times.length >= limit) return { allowed: false, count: times.length };

    times.push(now);
    this.#logs.delete(id);
    this.#logs.set(id, { times, expiresAt: now + windowMs });
    return { allowed: true, count: times.length };
  }

  delete(id: string): void {
    this.#logs.delete(id);
  }

  /** Whether a key could be forgotten without loss. */
  hasExpired(now: number): boolean {
    const oldest = this.#oldest();
    return oldest !== undefined && oldest[1].expiresAt <= now;
  }

  /** Forgets the key counted least recently. */
  forgetOldest(): void {
    const oldest = this.#oldest();
    if (oldest !== undefined) this.#logs.delete(oldest[0]);
  }

  /** Forgets a few of the keys whose hits have all left their window. */
  #sweep(now: number): void {
    for (let left = SWEEP; left > 0 && this.hasExpired(now); left -= 1) this.forgetOldest();
  }

  /** The key counted least recently, if there is one. */
  #oldest(): readonly [id: string, log: HitLog] | undefined {
    // A log is replaced when its key is counted, so the same log means the same place in the order.
    while (this.#front === undefined || this.#logs.get(this.#front[0]) !== this.#front[1]) {
      if (this.#logs.size === 0) return undefined;
      const step = this.#walk.next();
      if (step.done !== true) this.#front = step.value;
      else this.#walk = this.#logs.entries();
    }
    return this.#front;
  }
}

/** The `times` inside the window that ends at `now`. */
function recent(times: number[], now: number, windowMs: number): number[] {
  const newest = times.at(-1);
  // A clock that was set back leaves times in the future, which would stay charged until it has caught up.
  const past = newest !== undefined && newest > now ? times.map((at) => Math.min(at, now)) : times;
  const start = past.findIndex((at) => now - at < windowMs);
  if (start === -1) return [];
  // In place: a copy of what stays would cost every hit as much as the window holds.
  past.splice(0, start);
  return past;
}
