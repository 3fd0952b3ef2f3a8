import { Observable, Subscription } from 'rxjs';

import { SshServerError } from '../../errors.js';

/** How much a {@link WaitingLine} lets in. */
export interface WaitingLineBounds {
  /** How many may be at work at once. */
  readonly maxRunning: number;
  /** How many more may wait for that. */
  readonly maxWaiting: number;
}

/** Lets work be done by a few at a time: the others wait in line, and past its end are turned away. */
export class WaitingLine {
  readonly #bounds: WaitingLineBounds;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(bounds: WaitingLineBounds) {
    this.#bounds = bounds;
  }

  /**
   * `work` when its turn has come.
   *
   * Cold. Errors at once, with `ERR_SSH_BUSY`, where nobody may wait any more. Unsubscribing leaves the line, or ends the work.
   */
  enter<T>(work$: Observable<T>): Observable<T> {
    return new Observable((subscriber) => {
      const stay = new Subscription();
      const begin = (): void => {
        this.#running += 1;
        // Before the work is begun, which may end in the call.
        stay.add(() => {
          this.#running -= 1;
          this.#callNext();
        });
        stay.add(work$.subscribe(subscriber));
      };
      subscriber.add(stay);
      if (this.#running < this.#bounds.maxRunning) {
        begin();
      } else if (this.#waiting.size < this.#bounds.maxWaiting) {
        this.#waiting.add(begin);
        stay.add(() => this.#waiting.delete(begin));
      } else {
        subscriber.error(new SshServerError('ERR_SSH_BUSY', `${String(this.#waiting.size)} wait already`));
      }
    });
  }

  #callNext(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#running >= this.#bounds.maxRunning) return;
    this.#waiting.delete(next);
    next();
  }
}
