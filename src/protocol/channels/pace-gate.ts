import type { Pace, PaceWaiter } from './pace.js';

/**
 * What one direction of a channel has to pass: any number of paces, all of which must let a byte through.
 *
 * Bytes are set aside at one pace after the other, and what the last of them lets through passes; the rest is given back. So
 * whoever has waited for its turn at one pace keeps what it got there while it waits at the next, and never has to queue again.
 * At most one turn's worth is held in this way.
 */
export class PaceGate implements PaceWaiter {
  readonly #proceed: () => void;
  readonly #paces: Pace[] = [];
  /** What is set aside at each of the first paces, in bytes: never growing from one to the next. */
  readonly #setAside: number[] = [];
  #waitingFor: Pace | undefined;

  /** @param proceed - called, with no more than a turn of delay, when it is worth asking again */
  constructor(proceed: () => void) {
    this.#proceed = proceed;
  }

  get isEmpty(): boolean {
    return this.#paces.length === 0;
  }

  /** One more pace to pass. Ask again after it. */
  add(pace: Pace): void {
    this.leave();
    this.#paces.push(pace);
  }

  /** One pace less to pass. Ask again after it. */
  remove(pace: Pace): void {
    this.leave();
    const index = this.#paces.indexOf(pace);
    if (index !== -1) this.#paces.splice(index, 1);
  }

  /**
   * How many bytes may pass now, at most `wanted`, which is at least 1; {@link pass} has to follow.
   *
   * @returns 0 if it has to wait; `proceed` is called later
   */
  allowance(wanted: number): number {
    if (this.#waitingFor !== undefined) return 0;
    if (this.#setAside.length === 0) {
      let most = wanted;
      for (const pace of this.#paces) most = Math.min(most, pace.mostAtOnce);
      this.#collect(most);
    }
    return this.#isWaiting() ? 0 : Math.min(wanted, this.#setAside.at(-1) ?? wanted);
  }

  /** `length` bytes have passed, no more than were allowed. */
  pass(length: number): void {
    this.#setAside.forEach((reserved, index) => {
      if (reserved > length) this.#paces[index]?.giveBack(reserved - length);
    });
    this.#setAside.length = 0;
  }

  /** Nobody wants to pass: waits no longer. */
  leave(): void {
    this.#waitingFor?.leave(this);
    this.#waitingFor = undefined;
    this.pass(0);
  }

  onTurn(length: number): void {
    this.#waitingFor = undefined;
    this.#setAside.push(length);
    this.#collect(length);
    if (this.#isWaiting()) return;
    try {
      this.#proceed();
    } finally {
      // Whoever was paused or cut off meanwhile has not come for it.
      if (!this.#isWaiting()) this.pass(0);
    }
  }

  /** Has bytes set aside at the paces that are left, as far as they do not make it wait. */
  #collect(wanted: number): void {
    let length = wanted;
    for (let pace = this.#next(); pace !== undefined; pace = this.#next()) {
      length = pace.reserve(this, length);
      if (length === 0) {
        this.#waitingFor = pace;
        return;
      }
      this.#setAside.push(length);
    }
  }

  /** The pace at which nothing is set aside yet. */
  #next(): Pace | undefined {
    return this.#paces[this.#setAside.length];
  }

  #isWaiting(): boolean {
    return this.#waitingFor !== undefined;
  }
}
