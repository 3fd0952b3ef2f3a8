/** How much is compressed in a millisecond, in bytes, if nothing makes it hard. */
export const BYTES_PER_MS = 64 * 1024;
/** What may be compressed in one turn of the event loop: about a millisecond. */
const BYTES_PER_TURN = BYTES_PER_MS;

/**
 * Shares the event loop between connections that compress and all the others.
 *
 * Whoever has compressed something when the turn's budget is spent waits until its turn comes, first come, first served. So in
 * one turn of the event loop all of them together do little more than one budget's worth, or the one packet that costs more,
 * however many they are, and whoever does not compress is served in between.
 */
export class TurnBudget {
  readonly #bytesPerTurn: number;
  readonly #waiting = new Set<() => void>();
  #spent = 0;
  #renewalComes = false;

  constructor(bytesPerTurn = BYTES_PER_TURN) {
    this.#bytesPerTurn = bytesPerTurn;
  }

  /** Whether this turn is used up. */
  get isSpent(): boolean {
    return this.#spent >= this.#bytesPerTurn;
  }

  /** Work worth the compression of `bytes` has been done. */
  spend(bytes: number): void {
    this.#spent += bytes;
    this.#renewLater();
  }

  /** Calls `goOn` once, in the first turn that has room for it behind those who wait already; never at once. */
  wait(goOn: () => void): void {
    this.#waiting.add(goOn);
    this.#renewLater();
  }

  /** Does not call `goOn` any more. */
  forget(goOn: () => void): void {
    this.#waiting.delete(goOn);
  }

  #renewLater(): void {
    if (this.#renewalComes) return;
    this.#renewalComes = true;
    setImmediate(this.#renew);
  }

  readonly #renew = (): void => {
    this.#renewalComes = false;
    this.#spent = 0;
    // Whoever is served until the budget is spent goes to the end of the queue.
    for (const goOn of this.#waiting) {
      if (this.isSpent) break;
      this.#waiting.delete(goOn);
      goOn();
    }
    if (this.#waiting.size > 0) this.#renewLater();
  };
}

/** One for the process, as there is one event loop. */
export const TURN_BUDGET = new TurnBudget();
