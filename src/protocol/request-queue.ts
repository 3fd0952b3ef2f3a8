/** Asks one question; `answered` must be called, now or later. The first call counts. */
export type Ask = (answered: () => void) => void;

/**
 * Questions in order: the next is asked when the one before has been answered.
 *
 * Replies carry no number (RFC 4254 sections 4 and 5.4), so their order is all that a peer has to tell them apart.
 */
export class RequestQueue {
  readonly #waiting: { readonly ask: Ask; readonly bytes: number }[] = [];
  #bytes = 0;
  #asking = false;
  #closed = false;

  /** How many questions wait behind the one being asked. */
  get length(): number {
    return this.#waiting.length;
  }

  /** What the waiting questions hold, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Asks `ask` when its turn comes. `bytes` is what it holds until then. */
  push(ask: Ask, bytes = 0): void {
    if (this.#closed) return;
    this.#waiting.push({ ask, bytes });
    this.#bytes += bytes;
    this.#run();
  }

  /** Forgets all questions that were not asked yet. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    this.#bytes = 0;
  }

  #run(): void {
    // A loop, since most answers come at once and a peer picks how many questions there are.
    while (!this.#asking) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#bytes -= next.bytes;
      this.#asking = true;
      let returned = false;
      let answered = false;
      next.ask(() => {
        if (answered) return;
        answered = true;
        this.#asking = false;
        if (returned) this.#run();
      });
      returned = true;
    }
  }
}
