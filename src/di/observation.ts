import { isObservable, type Observable, type Subscription, tap } from 'rxjs';

import { messageOf, SshServerError } from '../errors.js';

/** An observer that fails this often in a row, on every event it sees, is given up. */
const MAX_FAILURES_IN_A_ROW = 10;

/** What an observer makes of its events. */
export type BindObserver = (event$: Observable<unknown>) => Observable<unknown>;

/**
 * One observer on one stream, subscribed once.
 *
 * One that throws or errors is reported and subscribed again for the events to come. One that fails ten times in a row, as
 * an observer of `Error` that throws would for ever, is given up. One that completes has seen enough.
 */
export class Observation {
  readonly #source: string;
  readonly #report: (error: SshServerError) => void;
  readonly #observed$: Observable<unknown>;
  #subscription: Subscription | undefined;
  #seenSinceFailure = 0;
  #failuresInARow = 0;
  #stopped = false;

  /**
   * Applies the observer to its stream; see {@link start}.
   *
   * @param source - `Class.method`, for errors
   * @throws {@link SshServerError} `ERR_SSH_HANDLER_FAILED` if the observer throws or returns no Observable.
   */
  constructor(
    source: string,
    bind: BindObserver,
    event$: Observable<unknown>,
    report: (error: SshServerError) => void,
  ) {
    this.#source = source;
    this.#report = report;
    const counted$ = event$.pipe(
      tap(() => {
        this.#seenSinceFailure += 1;
      }),
    );
    this.#observed$ = build(source, bind, counted$);
  }

  /** Subscribes the observer. */
  start(): void {
    let subscribing = true;
    const subscription = this.#observed$.subscribe({
      error: (cause: unknown) => {
        this.#fail(cause, subscribing);
      },
    });
    // One that failed meanwhile has put a newer subscription here.
    if (!subscription.closed) this.#subscription = subscription;
    subscribing = false;
  }

  /** Unsubscribes the observer for good. */
  stop(): void {
    this.#stopped = true;
    try {
      this.#subscription?.unsubscribe();
    } catch (cause) {
      this.#report(failure(`${this.#source} threw while it was unsubscribed`, cause));
    }
  }

  #fail(cause: unknown, atOnce: boolean): void {
    this.#failuresInARow = this.#seenSinceFailure > 1 ? 1 : this.#failuresInARow + 1;
    this.#seenSinceFailure = 0;
    const giveUp = atOnce || this.#failuresInARow >= MAX_FAILURES_IN_A_ROW;
    if (!giveUp && !this.#stopped) this.start();
    this.#report(failure(`${this.#source} failed${giveUp ? ' too often and is not called any more' : ''}`, cause));
  }
}

function build(source: string, bind: BindObserver, event$: Observable<unknown>): Observable<unknown> {
  let observed$: unknown;
  try {
    // What an observer written in JavaScript may return.
    observed$ = bind(event$);
  } catch (cause) {
    throw failure(`${source} threw while it was built`, cause);
  }
  if (isObservable(observed$)) return observed$;
  throw new SshServerError('ERR_SSH_HANDLER_FAILED', `${source} returned no Observable`);
}

const failure = (what: string, cause: unknown): SshServerError =>
  new SshServerError('ERR_SSH_HANDLER_FAILED', `${what}: ${messageOf(cause)}`, { cause });
