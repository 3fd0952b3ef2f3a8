import { SshServerError } from '../../errors.js';

/** How much work at once. */
export interface WorkQueueBounds {
  /** Pieces of work under way at once. */
  readonly maxConcurrent: number;
  /** Pieces that may wait for their turn; those beyond are refused. */
  readonly maxWaiting: number;
}

/** Work that takes its turn: so much at once, so much that waits, and no more. First come, first served. */
export class WorkQueue {
  readonly #bounds: WorkQueueBounds;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(bounds: WorkQueueBounds) {
    this.#bounds = bounds;
  }

  /** Pieces that wait right now. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Does `work` when it has its turn. If `signal` is aborted before, the work is never begun and leaves its place to others.
   *
   * @throws {@link SshServerError} `ERR_SSH_BUSY`, as a rejection, if too many wait; the reason of `signal`; what `work` throws.
   */
  async run<T>(work: () => T | PromiseLike<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#running >= this.#bounds.maxConcurrent) await this.#turn(signal);
    else this.#running += 1;
    try {
      return await work();
    } finally {
      this.#pass();
    }
  }

  /** Resolves once a place was handed over. */
  #turn(signal: AbortSignal | undefined): Promise<void> {
    const { maxWaiting } = this.#bounds;
    if (this.#waiting.size >= maxWaiting) {
      return Promise.reject(
        new SshServerError('ERR_SSH_BUSY', `${String(maxWaiting)} pieces of work wait for their turn already`),
      );
    }
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.delete(begin);
        // What an aborted signal gives as its reason is what its owner wants to be told.
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.add(begin);
    });
  }

  /** Hands a place over to whoever has waited longest. */
  #pass(): void {
    for (const begin of this.#waiting) {
      this.#waiting.delete(begin);
      begin();
      return;
    }
    this.#running -= 1;
  }
}
