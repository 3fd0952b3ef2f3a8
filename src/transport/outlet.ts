import type { Duplex } from 'node:stream';

/** Above this many unsent bytes the data plane stops producing. */
const SOFT_LIMIT = 512 * 1024;
/** Above this many unsent bytes even replies are too many: reading stops until the peer takes some. */
const HARD_LIMIT = 2 * 1024 * 1024;

/**
 * The way out: packets of one tick leave in one system call, and a peer that does not read is noticed.
 *
 * A peer can make replies grow without touching channel windows, by asking and never reading; so there are two limits.
 */
export class Outlet {
  readonly #stream: Duplex;
  readonly #onRelief: () => void;
  readonly #softLimit: number;
  readonly #hardLimit: number;
  #corked = false;
  /** Bytes handed to the stream so far. */
  bytesWritten = 0;

  /** @param onRelief called when the stream has drained after a limit was reached */
  constructor(stream: Duplex, onRelief: () => void) {
    this.#stream = stream;
    this.#onRelief = onRelief;
    // Below its high-water mark a stream does not say when it has drained, and nobody could go on.
    this.#softLimit = Math.max(SOFT_LIMIT, stream.writableHighWaterMark);
    this.#hardLimit = Math.max(HARD_LIMIT, stream.writableHighWaterMark);
  }

  /** Takes bytes; they leave at the end of this tick. */
  write(data: Buffer | string): void {
    if (!this.#stream.writable) return;
    if (!this.#corked) {
      this.#corked = true;
      this.#stream.cork();
      process.nextTick(this.#uncork);
    }
    this.bytesWritten += data.length;
    this.#stream.write(data);
  }

  /** Bytes that wait for the peer to take what was sent before. */
  get unsent(): number {
    return this.#stream.writableLength;
  }

  /** Whether the data plane may go on. */
  get hasRoom(): boolean {
    return this.#stream.writableLength < this.#softLimit;
  }

  /** Whether even replies are too many. */
  get overflows(): boolean {
    return this.#stream.writableLength >= this.#hardLimit;
  }

  /** Called by the stream once it has drained. */
  readonly relieve = (): void => {
    if (this.hasRoom) this.#onRelief();
  };

  readonly #uncork = (): void => {
    this.#corked = false;
    this.#stream.uncork();
  };
}
