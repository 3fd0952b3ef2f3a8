import type { LeaseRevocation } from '../../../streams/lease.js';
import { PlainLease } from '../../../streams/plain-lease.js';

/**
 * Counts what is alive, by key: each key has so many places, and a place is taken for as long as a lease is subscribed.
 *
 * A place belongs to a holder, such as a connection. A holder with several leases under one key, because its verdict
 * passed the same policy twice or was asked again, has one place, until the last of these leases ends.
 *
 * Remembers only what is alive, so it needs no bound of its own.
 */
export class LiveCount<Key> {
  readonly #limit: number;
  /** How many leases each holder has, by key. No map is empty, and no number is 0. */
  readonly #holders = new Map<Key, Map<object, number>>();

  /** @param limit - places of each key. Integer, at least 1. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Keys under which something is alive. */
  get size(): number {
    return this.#holders.size;
  }

  /** How many are alive under `key`. */
  of(key: Key): number {
    return this.#holders.get(key)?.size ?? 0;
  }

  /** Whether there is no place under `key` for `holder`, who may have one already. */
  isFull(key: Key, holder: object): boolean {
    return this.of(key) >= this.#limit && this.#holders.get(key)?.has(holder) !== true;
  }

  /**
   * The lease of a place under `key`: takes the place when it begins and gives it back when it is given up; one that never
   * begins costs nothing. Says `over` if all places are taken by then, and nothing otherwise.
   */
  place(key: Key, holder: object, over: LeaseRevocation): PlainLease {
    return new PlainLease((speak) => {
      if (this.isFull(key, holder)) {
        speak(over);
        return nothing;
      }
      this.#take(key, holder);
      return () => {
        this.#giveBack(key, holder);
      };
    });
  }

  #take(key: Key, holder: object): void {
    let holders = this.#holders.get(key);
    if (holders === undefined) {
      holders = new Map();
      this.#holders.set(key, holders);
    }
    holders.set(holder, (holders.get(holder) ?? 0) + 1);
  }

  #giveBack(key: Key, holder: object): void {
    const holders = this.#holders.get(key);
    const left = (holders?.get(holder) ?? 0) - 1;
    if (left > 0) holders?.set(holder, left);
    else holders?.delete(holder);
    if (holders?.size === 0) this.#holders.delete(key);
  }
}

const nothing = (): void => undefined;
