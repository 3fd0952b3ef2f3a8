/** How much an {@link ExpiringMap} remembers. */
export interface ExpiringMapBounds {
  /** How long an entry is remembered, in milliseconds. */
  readonly forMs: number;
  /** Entries at once; past it the oldest is forgotten. */
  readonly maxKeys: number;
}

/** Remembers values for a time: bounded, and without timers, since it is told what time it is. */
export class ExpiringMap<Value> {
  readonly #forMs: number;
  readonly #maxKeys: number;
  /** Oldest first, since an entry that is set again is inserted anew. */
  readonly #entries = new Map<string, { readonly value: Value; readonly since: number }>();

  constructor({ forMs, maxKeys }: ExpiringMapBounds) {
    this.#forMs = forMs;
    this.#maxKeys = maxKeys;
  }

  /** Entries remembered right now; those that have expired since the last `set` are among them. */
  get size(): number {
    return this.#entries.size;
  }

  /** What was set less than `forMs` before `now`, in milliseconds; nothing if the clock was set back behind that. */
  get(key: string, now: number): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    return this.#isFresh(entry.since, now) ? entry.value : undefined;
  }

  set(key: string, value: Value, now: number): void {
    for (const [oldest, { since }] of this.#entries) {
      if (this.#isFresh(since, now)) break;
      this.#entries.delete(oldest);
    }
    this.#entries.delete(key);
    this.#entries.set(key, { value, since: now });
    if (this.#entries.size <= this.#maxKeys) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  #isFresh(since: number, now: number): boolean {
    return now >= since && now - since < this.#forMs;
  }
}
