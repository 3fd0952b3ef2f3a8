import { defer, finalize, type Observable, of } from 'rxjs';

/** So many places, and no more, for what takes its time. */
export class Places {
  #free: number;

  /** @param count - Integer, at least 1; checked by the policy that asks for it. */
  constructor(count: number) {
    this.#free = count;
  }

  /** Whether all are taken. */
  get full(): boolean {
    return this.#free === 0;
  }

  /** `work$` with a place for as long as it is subscribed, or, when all are taken, what `turnedAway` says. Cold. */
  occupy<T>(work$: Observable<T>, turnedAway: () => T): Observable<T> {
    return defer(() => {
      if (this.full) return of(turnedAway());
      this.#free -= 1;
      return work$.pipe(
        finalize(() => {
          this.#free += 1;
        }),
      );
    });
  }
}
