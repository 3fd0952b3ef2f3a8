/** A question that is under way. */
interface OpenQuestion<T> {
  readonly answer: Promise<T>;
  readonly controller: AbortController;
  /** Who waits for the answer. */
  askers: number;
}

/** Questions that many ask at once, each of which is asked once, and given up with the last who waits for the answer. */
export class SharedQuestions<T> {
  readonly #open = new Map<string, OpenQuestion<T>>();

  /**
   * The answer to what `key` stands for: that to the question under way, or to one that begins now.
   *
   * @param signal - aborted when this asker does not wait any more
   * @throws whatever `question` rejects with, as a rejection; the reason of `signal`
   */
  ask(key: string, question: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const open = this.#open.get(key) ?? this.#begin(key, question);
      open.askers += 1;
      const leave = (): void => {
        open.askers -= 1;
        if (open.askers === 0) {
          this.#forget(key, open);
          open.controller.abort(signal?.reason);
        }
        // What an aborted signal gives as its reason is what its owner wants to be told.
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', leave, { once: true });
      const settled = (): void => {
        signal?.removeEventListener('abort', leave);
      };
      open.answer.then(resolve, reject).then(settled, settled);
    });
  }

  #begin(key: string, question: (signal: AbortSignal) => Promise<T>): OpenQuestion<T> {
    const controller = new AbortController();
    const open = { answer: question(controller.signal), controller, askers: 0 };
    this.#open.set(key, open);
    const forget = (): void => {
      this.#forget(key, open);
    };
    open.answer.then(forget, forget);
    return open;
  }

  /** Another question may have been begun under the same key. */
  #forget(key: string, open: OpenQuestion<T>): void {
    if (this.#open.get(key) === open) this.#open.delete(key);
  }
}
