import { createHash } from 'node:crypto';

import { SshServerError } from '../errors.js';
import type { CounterStore, HitResult, HitWindow } from './counter-store.js';

/** Options of {@link MemoryCounterStore}. */
export interface MemoryCounterStoreOptions {
  /** Keys remembered at once; past it the key counted least recently is forgotten. Integer, at least 1. Default 10 000. */
  readonly maxKeys?: number;
}

/** The hits of one key. */
interface HitLog {
  /** When the counted hits happened, oldest first. */
  times: number[];
  /** When the last of them leaves its window. */
  expiresAt: number;
}

/** Keys up to this length are kept as they are, longer ones as a digest, so that a peer cannot fill memory with names. */
const MAX_KEY_LENGTH = 64;

/** Expired keys forgotten per hit: more than one, so that they go faster than they come, and few, so that no hit is slow. */
const SWEEP = 2;

/**
 * Counts in the memory of this process: exact, synchronous and bounded.
 *
 * Holds the time of each counted hit for as long as its window lasts: at most `maxKeys` times `limit` numbers.
 */
export class MemoryCounterStore implements CounterStore {
  readonly #maxKeys: number;
  /** A Map iterates in insertion order and a counted key is inserted anew, so the first is the one counted least recently. */
  readonly #logs = new Map<string, HitLog>();
  /**
   * Goes through the keys from the oldest on, and meets a key again that was inserted anew. Kept, since an iterator that
   * starts afresh steps over the place of every key that was removed, which makes a flood of keys slow.
   */
  #walk = this.#logs.entries();
  /** Where the walk stands: the oldest key, unless it has been counted again since. */
  #front: readonly [id: string, log: HitLog] | undefined;

  /** @throws {@link SshServerError} `ERR_SSH_OPTION` if `maxKeys` is not an integer of at least 1. */
  constructor({ maxKeys = 10_000 }: MemoryCounterStoreOptions = {}) {
    if (!Number.isInteger(maxKeys) || maxKeys < 1) {
      throw new SshServerError(
        'ERR_SSH_OPTION',
        `MemoryCounterStore: maxKeys must be an integer of at least 1, got ${String(maxKeys)}`,
      );
    }
    this.#maxKeys = maxKeys;
  }

  /** Keys remembered right now. */
  get size(): number {
    return this.#logs.size;
  }

  hit(key: string, { limit, windowMs, now }: HitWindow): HitResult {
    this.#sweep(now);
    const id = identify(key);
    const log = this.#logs.get(id);
    const times = log === undefined ? [] : recent(log.times, now, windowMs);
    if (log !== undefined) log.times = times;
    if (times.length >= limit) return { allowed: false, count: times.length };

    times.push(now);
    this.#logs.delete(id);
    this.#logs.set(id, { times, expiresAt: now + windowMs });
    if (this.#logs.size > this.#maxKeys) this.#forget(this.#oldest());
    return { allowed: true, count: times.length };
  }

  /** Forgets a few of the keys whose hits have all left their window. */
  #sweep(now: number): void {
    for (let left = SWEEP; left > 0; left -= 1) {
      const oldest = this.#oldest();
      if (oldest === undefined || oldest[1].expiresAt > now) return;
      this.#forget(oldest);
    }
  }

  #forget(entry: readonly [id: string, log: HitLog] | undefined): void {
    if (entry !== undefined) this.#logs.delete(entry[0]);
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

/** A digest is longer than any key that is kept as it is, so the two never meet. */
const identify = (key: string): string =>
  key.length <= MAX_KEY_LENGTH ? key : `#${createHash('sha256').update(key, 'utf8').digest('hex')}`;

/** The `times` inside the window that ends at `now`. */
function recent(times: number[], now: number, windowMs: number): number[] {
  const newest = times.at(-1);
  // A clock that was set back leaves times in the future, which would stay charged until it has caught up.
  const past = newest !== undefined && newest > now ? times.map((at) => Math.min(at, now)) : times;
  const start = past.findIndex((at) => now - at < windowMs);
  if (start === 0) return past;
  return start === -1 ? [] : past.slice(start);
}
