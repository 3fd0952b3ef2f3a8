import type { HitResult, HitWindow } from './counter-store.js';

/** The hits of one key, and its neighbours in the order in which keys were counted last. */
interface HitLog {
  readonly id: string;
  /** When the counted hits happened, oldest first; those before `start` have left the window. */
  times: number[];
  start: number;
  /** When the last of them leaves its window. */
  expiresAt: number;
  older: HitLog | undefined;
  newer: HitLog | undefined;
}

/** Expired keys forgotten per hit: more than one, so that they go faster than they come, and few, so that no hit is slow. */
const SWEEP = 2;

/**
 * The hits of all keys that are counted in windows of the same length, so that the key counted least recently expires first.
 *
 * A list linked through its members: a Map has an order as well, but whoever begins at its front steps over the place of
 * every key that was removed, which makes a flood of keys slow.
 */
export class HitLogs {
  readonly #logs = new Map<string, HitLog>();
  /** Counted least recently, and most. */
  #oldest: HitLog | undefined;
  #newest: HitLog | undefined;

  get size(): number {
    return this.#logs.size;
  }

  /** As {@link CounterStore.hit}. */
  hit(id: string, { limit, windowMs, now }: HitWindow): HitResult {
    this.#sweep(now);
    const log = this.#logs.get(id) ?? { id, times: [], start: 0, expiresAt: now, older: undefined, newer: undefined };
    forgetPast(log, now, windowMs);
    const count = log.times.length - log.start;
    if (count >= limit) return { allowed: false, count };

    log.times.push(now);
    log.expiresAt = now + windowMs;
    this.#put(log);
    return { allowed: true, count: count + 1 };
  }

  delete(id: string): void {
    this.#forget(this.#logs.get(id));
  }

  /** Whether a key could be forgotten without loss. */
  hasExpired(now: number): boolean {
    return this.#oldest !== undefined && this.#oldest.expiresAt <= now;
  }

  /** Forgets the key counted least recently. */
  forgetOldest(): void {
    this.#forget(this.#oldest);
  }

  /** Forgets a few of the keys whose hits have all left their window. */
  #sweep(now: number): void {
    for (let left = SWEEP; left > 0 && this.hasExpired(now); left -= 1) this.forgetOldest();
  }

  /** Makes it the newest. */
  #put(log: HitLog): void {
    if (log === this.#newest) return;
    if (log.newer === undefined) this.#logs.set(log.id, log);
    else this.#unlink(log);
    log.older = this.#newest;
    log.newer = undefined;
    if (this.#newest === undefined) this.#oldest = log;
    else this.#newest.newer = log;
    this.#newest = log;
  }

  #forget(log: HitLog | undefined): void {
    if (log === undefined) return;
    this.#logs.delete(log.id);
    this.#unlink(log);
  }

  #unlink({ older, newer }: HitLog): void {
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
  }
}

/** Leaves what is inside the window that ends at `now`. Costs what has left it, however many hits are inside. */
function forgetPast(log: HitLog, now: number, windowMs: number): void {
  const newest = log.times.at(-1);
  // A clock that was set back leaves times in the future, which would stay charged until it has caught up.
  if (newest !== undefined && newest > now) log.times = log.times.map((at) => Math.min(at, now));
  const { times } = log;
  while (log.start < times.length && now - (times[log.start] ?? now) >= windowMs) log.start += 1;
  if (log.start === 0 || log.start * 2 < times.length) return;
  // What moves up is no more than what has left, so each hit is moved once at most.
  times.splice(0, log.start);
  log.start = 0;
}
