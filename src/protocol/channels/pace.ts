/** Where a {@link Pace} takes time from. */
export interface PaceTime {
  /** Milliseconds since any moment. A clock that is set back gives nothing away: the time it repeats does not count. */
  now(): number;
  /** Calls `work` once, `delayMs` milliseconds from now. @returns what calls it off */
  schedule(delayMs: number, work: () => void): () => void;
}

/** Somebody who waits for a {@link Pace}. */
export interface PaceWaiter {
  /** The turn has come: `length` bytes are set aside, at least 1 and at most as many as were wanted. */
  onTurn(length: number): void;
}

const MIN_BURST = 4 * 1024;
const MAX_BURST = 256 * 1024;
/** How late timers may be without loss of rate, in milliseconds. */
const LATENESS_MS = 20;
/** A turn is a tenth of a second's worth, up to the size of a packet. */
const TURNS_PER_SECOND = 10;
const MAX_TURN = 32 * 1024;

/**
 * Lets bytes through at a steady rate: a token bucket that may be shared by several channels.
 *
 * After a rest it lets a burst through at once: one second's worth, though no less than 4 KiB and no more than 256 KiB, or at
 * rates above 13 MB/s 20 ms' worth, since timers come late. In any window of time, then, it lets no more through than its rate
 * allows for that window, and one burst. Those who wait take turns of a tenth of a second's worth, 32 KiB at most, in the order
 * in which they came. Nothing is scheduled while nobody waits.
 */
export class Pace {
  readonly #time: PaceTime;
  /** Who waits, in the order of their turns, and for how many bytes. */
  readonly #waiting = new Map<PaceWaiter, number>();
  #bytesPerSecond: number;
  /** In thousandths of a byte: whole milliseconds leave it an integer, and nothing is ever rounded away. */
  #credit: number;
  #creditedAt: number;
  #cancelTimer: (() => void) | undefined;
  #serving = false;

  /**
   * @param bytesPerSecond - an integer of at least 1
   * @throws RangeError if the rate is none.
   */
  constructor(time: PaceTime, bytesPerSecond: number) {
    this.#time = time;
    this.#bytesPerSecond = requireRate(bytesPerSecond);
    this.#credit = this.burst * 1000;
    this.#creditedAt = time.now();
  }

  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  /**
   * Goes on at another rate from now on, for those who wait already, too.
   *
   * @throws RangeError if the rate is no integer of at least 1.
   */
  set bytesPerSecond(bytesPerSecond: number) {
    requireRate(bytesPerSecond);
    this.#refill();
    this.#bytesPerSecond = bytesPerSecond;
    this.#credit = Math.min(this.#credit, this.burst * 1000);
    this.#stopTimer();
    this.#startTimer();
  }

  /** The most that goes through at once after a rest, in bytes. */
  get burst(): number {
    const second = Math.min(Math.max(this.#bytesPerSecond, MIN_BURST), MAX_BURST);
    return Math.max(second, Math.ceil((this.#bytesPerSecond * LATENESS_MS) / 1000));
  }

  /** The most that {@link reserve} would set aside now or in one turn, in bytes: asking for more is of no use. */
  get mostAtOnce(): number {
    this.#refill();
    return Math.max(this.#turn, Math.floor(this.#credit / 1000));
  }

  /**
   * Sets bytes aside for `waiter`, at most `wanted`, which is at least 1.
   *
   * @returns how many; 0 if `waiter` has to wait. It then stands in the queue, once, until its turn comes or it leaves.
   */
  reserve(waiter: PaceWaiter, wanted: number): number {
    const length = this.#waiting.size === 0 ? this.#draw(wanted, false) : 0;
    if (length === 0) {
      this.#waiting.set(waiter, wanted);
      this.#startTimer();
    }
    return length;
  }

  /** Takes back what was set aside and is not needed. */
  giveBack(length: number): void {
    this.#credit = Math.min(this.#credit + length * 1000, this.burst * 1000);
  }

  /** `waiter` wants no more. */
  leave(waiter: PaceWaiter): void {
    this.#waiting.delete(waiter);
    if (this.#waiting.size === 0) this.#stopTimer();
  }

  /** What a waiter gets when others wait as well, in bytes. Less is not worth a packet, unless it is all that is wanted. */
  get #turn(): number {
    return Math.min(Math.ceil(this.#bytesPerSecond / TURNS_PER_SECOND), MAX_TURN);
  }

  #refill(): void {
    const now = this.#time.now();
    const elapsed = Math.max(0, now - this.#creditedAt);
    this.#creditedAt = now;
    this.#credit = Math.min(this.#credit + elapsed * this.#bytesPerSecond, this.burst * 1000);
  }

  #draw(wanted: number, contended: boolean): number {
    this.#refill();
    const available = Math.floor(this.#credit / 1000);
    if (available < Math.min(wanted, this.#turn)) return 0;
    const length = Math.min(wanted, contended ? this.#turn : available);
    this.#credit -= length * 1000;
    return length;
  }

  #startTimer(): void {
    if (this.#serving || this.#cancelTimer !== undefined) return;
    const [wanted] = this.#waiting.values();
    if (wanted === undefined) return;
    const missing = Math.min(wanted, this.#turn) * 1000 - this.#credit;
    this.#cancelTimer = this.#time.schedule(Math.max(0, Math.ceil(missing / this.#bytesPerSecond)), () => {
      this.#cancelTimer = undefined;
      this.#serve();
    });
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #serve(): void {
    this.#serving = true;
    try {
      for (;;) {
        const [first] = this.#waiting;
        if (first === undefined) return;
        const [waiter, wanted] = first;
        const length = this.#draw(wanted, this.#waiting.size > 1);
        if (length === 0) return;
        this.#waiting.delete(waiter);
        waiter.onTurn(length);
      }
    } finally {
      // Also if a waiter throws: it must not stop the others.
      this.#serving = false;
      this.#startTimer();
    }
  }
}

function requireRate(bytesPerSecond: number): number {
  if (Number.isSafeInteger(bytesPerSecond) && bytesPerSecond >= 1) return bytesPerSecond;
  throw new RangeError(`a rate is an integer of at least 1 byte per second, not ${String(bytesPerSecond)}`);
}
