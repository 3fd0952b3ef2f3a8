/** Re-exchanges that a client may ask for at once, having let time go by. */
const BURST = 10;
/** Earns one more, in milliseconds. */
const EARNED_BY_TIME_MS = 10_000;
/** Earns one more, in bytes of both directions. Of clients that renew by volume, hardly one does more often than each 1 MiB. */
const EARNED_BY_BYTES = 256 * 1024;

/**
 * How many key re-exchanges a client may still ask for.
 *
 * One costs the server a private key operation and more, and the client next to nothing. So each has to be earned, by time or by
 * traffic: whoever moves data pays for its exchanges with what the data costs it, and may renew its keys as often as it likes.
 */
export class ReExchangeAllowance {
  #left = BURST;
  #since: number;

  /** @param now in milliseconds */
  constructor(now: number) {
    this.#since = now;
  }

  /**
   * Takes one.
   *
   * @param now in milliseconds
   * @param bytes that went since the last key exchange, whoever asked for it
   * @returns false if none is left
   */
  take(now: number, bytes: number): boolean {
    // A clock may be set back.
    const waited = Math.max(0, now - this.#since);
    this.#since = now;
    this.#left = Math.min(BURST, this.#left + waited / EARNED_BY_TIME_MS + bytes / EARNED_BY_BYTES);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
