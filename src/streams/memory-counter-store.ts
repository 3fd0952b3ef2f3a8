import { createHash } from 'node:crypto';

import { SshServerError } from '../errors.js';
import type { CounterStore, Extension, HitResult, HitWindow } from './counter-store.js';
import { Deadlines } from './deadlines.js';
import { HitLogs } from './hit-logs.js';

/** Options of {@link MemoryCounterStore}. */
export interface MemoryCounterStoreOptions {
  /**
   * Keys remembered at once: so many with hits, and so many with time left. Integer, at least 1. Default 10 000, which
   * takes a few megabytes once they are all in use.
   */
  readonly maxKeys?: number;
}

/** Keys up to this length are kept as they are, longer ones as a digest, so that a peer cannot fill memory with names. */
const MAX_KEY_LENGTH = 64;

/**
 * Counts in the memory of this process: exact, synchronous and bounded.
 *
 * Holds the time of each counted hit for as long as its window lasts, and forgets it some hits later: at most twice
 * `maxKeys` times `limit` numbers.
 *
 * A peer that brings many keys makes the store forget, but not what it likes. Hits and time have places of their own, so
 * no flood of hits lifts a ban. Of the keys with hits one goes that has expired, else the one counted least recently of
 * the window length that has most keys: a flood of one kind pushes out its own kind. Of the keys with time the one goes
 * that runs out first. A key that was just counted or extended stays in any case.
 */
export class MemoryCounterStore implements CounterStore {
  readonly #maxKeys: number;
  /** By the length of the window, in milliseconds. Those without keys are taken out. */
  readonly #hits = new Map<number, HitLogs>();
  readonly #deadlines: Deadlines;
  #hitKeys = 0;

  /** @throws {@link SshServerError} `ERR_SSH_OPTION` if `maxKeys` is not an integer of at least 1. */
  constructor({ maxKeys = 10_000 }: MemoryCounterStoreOptions = {}) {
    if (!Number.isInteger(maxKeys) || maxKeys < 1) {
      throw new SshServerError(
        'ERR_SSH_OPTION',
        `MemoryCounterStore: maxKeys must be an integer of at least 1, got ${String(maxKeys)}`,
      );
    }
    this.#maxKeys = maxKeys;
    this.#deadlines = new Deadlines(maxKeys);
  }

  /** Keys remembered right now; one that has both hits and time left counts twice. Never more than twice `maxKeys`. */
  get size(): number {
    return this.#hitKeys + this.#deadlines.size;
  }

  hit(key: string, window: HitWindow): HitResult {
    const { windowMs, now } = window;
    let logs = this.#hits.get(windowMs);
    if (logs === undefined) {
      logs = new HitLogs();
      this.#hits.set(windowMs, logs);
    }
    const before = logs.size;
    const result = logs.hit(identify(key), window);
    this.#track(windowMs, logs, before);
    if (this.#hitKeys > this.#maxKeys) this.#makeRoom(now);
    return result;
  }

  extend(key: string, extension: Extension): number {
    return this.#deadlines.extend(identify(key), extension);
  }

  clear(key: string): void {
    const id = identify(key);
    this.#deadlines.delete(id);
    for (const [windowMs, logs] of this.#hits) {
      const before = logs.size;
      logs.delete(id);
      this.#track(windowMs, logs, before);
    }
  }

  #makeRoom(now: number): void {
    let crowd: readonly [windowMs: number, logs: HitLogs] | undefined;
    for (const entry of this.#hits) {
      const [, logs] = entry;
      if (logs.hasExpired(now)) {
        crowd = entry;
        break;
      }
      // The first of equals: a window whose only key was just counted is the last.
      if (crowd === undefined || logs.size > crowd[1].size) crowd = entry;
    }
    if (crowd === undefined) return;
    const [windowMs, logs] = crowd;
    const before = logs.size;
    logs.forgetOldest();
    this.#track(windowMs, logs, before);
  }

  /** Keeps the count of all keys, once those of one window are no longer as many as `before`. */
  #track(windowMs: number, logs: HitLogs, before: number): void {
    this.#hitKeys += logs.size - before;
    if (logs.size === 0) this.#hits.delete(windowMs);
  }
}

/** A digest is longer than any key that is kept as it is, so the two never meet. */
const identify = (key: string): string =>
  key.length <= MAX_KEY_LENGTH ? key : `#${createHash('sha256').update(key, 'utf8').digest('hex')}`;
