/** How often the time is granted again to a peer that still moves bytes. */
const MAX_EXTENSIONS = 15;

/** What {@link ExchangeDeadline} is made of. */
export interface ExchangeDeadlineParts {
  /** The time for each step, in milliseconds. */
  readonly timeoutMs: number;
  /** Calls `work` once after `delayMs` milliseconds. @returns a function that prevents it */
  readonly schedule: (delayMs: number, work: () => void) => () => void;
  /** Bytes received so far. */
  readonly received: () => number;
  /** Bytes that wait to be sent. */
  readonly unsent: () => number;
  /** The peer was too slow. */
  readonly onMissed: () => void;
}

/**
 * The time that a peer has for a key re-exchange.
 *
 * Both KEXINITs stand in line behind data that was sent before, and on a slow line half a megabyte of it takes longer than an
 * honest peer takes to answer. So the time is granted again while bytes move, but not for ever: then the old keys would be used
 * for as long as the peer likes.
 */
export class ExchangeDeadline {
  readonly #parts: ExchangeDeadlineParts;
  #cancel: (() => void) | undefined;

  constructor(parts: ExchangeDeadlineParts) {
    this.#parts = parts;
  }

  /** Starts the time, unless it runs. */
  start(): void {
    if (this.#cancel === undefined) this.#wait(MAX_EXTENSIONS);
  }

  /** The exchange is complete, or nobody waits for it any more. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(extensions: number): void {
    const { timeoutMs, schedule, received, unsent, onMissed } = this.#parts;
    const receivedBefore = received();
    const unsentBefore = unsent();
    this.#cancel = schedule(timeoutMs, () => {
      this.#cancel = undefined;
      // Once nothing is left to be sent, our message has gone out, and that it did is no sign of life.
      const moves = received() > receivedBefore || (unsent() > 0 && unsent() < unsentBefore);
      if (moves && extensions > 0) this.#wait(extensions - 1);
      else onMissed();
    });
  }
}
