import { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers';

/** As much as a socket buffers in one direction, in bytes. */
const HIGH_WATER_MARK = 64 * 1024;

interface Incoming {
  /** Written by the other end and not taken yet, oldest first. */
  readonly chunks: Buffer[];
  /** Tells the writer that all of it was taken. */
  readonly done: (error?: Error | null) => void;
}

interface Queued {
  readonly chunk: Buffer;
}

/**
 * Two streams, each of which reads what the other writes: a socket pair in memory.
 *
 * Back-pressure is exact: a write is done only when the other end has taken it, and it takes no more than its reader
 * wants. Ending one end ends the reading of the other. Destroying one end, with or without an error, lets the other read
 * what was handed over and then its end; what that one writes from then on fails with `EPIPE`. Bytes arrive in a later turn
 * of the event loop, never while they are being written.
 *
 * Ends may be half open, as `allowHalfOpen` says; it is true to begin with. `await using` destroys an end when its scope is left,
 * without an error, and waits until it is closed.
 */
export function duplexPair(): readonly [Duplex, Duplex] {
  const one = new PairEnd();
  return [one, new PairEnd(one)];
}

class PairEnd extends Duplex {
  #other: PairEnd;
  #incoming: Incoming | undefined;
  #wanted = false;
  #scheduled = false;
  /** The other end will write no more. */
  #otherFinished = false;
  #ended = false;

  /** @param other - The end made first; the two are each other's other end from then on. */
  constructor(other?: PairEnd) {
    super({ highWaterMark: HIGH_WATER_MARK });
    this.#other = other ?? this;
    if (other !== undefined) other.#other = this;
  }

  override _read(): void {
    this.#wanted = true;
    this.#schedule();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#other.#offer([chunk], done);
  }

  override _writev(queued: readonly Queued[], done: (error?: Error | null) => void): void {
    this.#other.#offer(
      queued.map(({ chunk }) => chunk),
      done,
    );
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#other.#finish();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const dropped = this.#incoming;
    this.#incoming = undefined;
    dropped?.done(brokenPipe());
    this.#other.#finish();
    done(error);
  }

  /** Unlike that of other streams, it is no error: whoever leaves the scope has done with the stream. */
  override async [Symbol.asyncDispose](): Promise<void> {
    this.destroy();
    if (this.closed) return;
    await new Promise<void>((resolve) => {
      this.once('close', () => {
        resolve();
      });
    });
  }

  #offer(chunks: readonly Buffer[], done: Incoming['done']): void {
    if (this.destroyed) {
      done(brokenPipe());
      return;
    }
    // Copies, since a writer may use its memory again once the write is done, and a cipher may work in place.
    this.#incoming = { chunks: chunks.map((chunk) => Buffer.from(chunk)), done };
    this.#schedule();
  }

  #finish(): void {
    this.#otherFinished = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || !(this.#incoming === undefined ? this.#otherFinished : this.#wanted)) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#take();
    });
  }

  #take(): void {
    const incoming = this.#incoming;
    if (incoming !== undefined) {
      this.#pushAll(incoming.chunks);
      // What is read may destroy this end, and that has answered the writer already.
      if (this.#incoming === incoming && incoming.chunks.length === 0) {
        this.#incoming = undefined;
        incoming.done();
      }
    }
    if (this.#incoming === undefined && this.#otherFinished && !this.#ended && !this.destroyed) {
      this.#ended = true;
      this.push(null);
    }
  }

  #pushAll(chunks: Buffer[]): void {
    while (this.#wanted && !this.destroyed) {
      const chunk = chunks.shift();
      if (chunk === undefined) return;
      // Before push, which may call _read.
      this.#wanted = false;
      if (this.push(chunk)) this.#wanted = true;
    }
  }
}

const brokenPipe = (): Error => Object.assign(new Error('write EPIPE: the other end was destroyed'), { code: 'EPIPE' });
