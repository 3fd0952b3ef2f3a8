import { type Observable, tap } from 'rxjs';

import { messageOf, SshServerError } from '../errors.js';
import type { ObserveFunction } from '../handlers/handler-function.js';
import type { EventHub } from '../streams/event-hub.js';

/** An observer that fails this often in a row, on every event it sees, is given up. */
const MAX_FAILURES_IN_A_ROW = 10;

/**
 * Subscribes each observer once, for the life of the server.
 *
 * One that throws or errors is reported as an `Error` event with its name and subscribed again for the events to come; it
 * never stops the server or another observer. One that fails ten times in a row, as an observer of `Error` that throws would
 * for ever, is given up. One that completes has seen enough.
 *
 * @throws SshServerError `ERR_SSH_HANDLER_FAILED` if an observer throws while it is built
 */
export function observe(observers: readonly ObserveFunction[], hub: EventHub): void {
  for (const observer of observers) new Observation(observer, hub).start();
}

class Observation {
  readonly #observer: ObserveFunction;
  readonly #hub: EventHub;
  readonly #observed$: Observable<unknown>;
  #seenSinceFailure = 0;
  #failuresInARow = 0;

  constructor(observer: ObserveFunction, hub: EventHub) {
    this.#observer = observer;
    this.#hub = hub;
    this.#observed$ = this.#build();
  }

  start(): void {
    let subscribing = true;
    this.#observed$.subscribe({
      error: (cause: unknown) => {
        this.#fail(cause, subscribing);
      },
    });
    subscribing = false;
  }

  #build(): Observable<unknown> {
    const { event, bind, source } = this.#observer;
    const event$: Observable<unknown> = this.#hub.streams[event];
    const counted$ = event$.pipe(
      tap(() => {
        this.#seenSinceFailure += 1;
      }),
    );
    try {
      return bind({ ...this.#hub.streams, [event]: counted$ });
    } catch (cause) {
      throw new SshServerError('ERR_SSH_HANDLER_FAILED', `${source} threw while it was built: ${messageOf(cause)}`, {
        cause,
      });
    }
  }

  #fail(cause: unknown, atOnce: boolean): void {
    this.#failuresInARow = this.#seenSinceFailure > 1 ? 1 : this.#failuresInARow + 1;
    this.#seenSinceFailure = 0;
    const giveUp = atOnce || this.#failuresInARow >= MAX_FAILURES_IN_A_ROW;
    if (!giveUp) this.start();

    const { source } = this.#observer;
    if (!this.#hub.wants('Error')) return;
    this.#hub.emit({
      type: 'Error',
      error: new SshServerError(
        'ERR_SSH_HANDLER_FAILED',
        `${source} failed${giveUp ? ' too often and is not called any more' : ''}: ${messageOf(cause)}`,
        { cause },
      ),
      source,
    });
  }
}
