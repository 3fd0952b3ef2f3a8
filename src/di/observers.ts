import type { ObserveFunction } from '../handlers/handler-function.js';
import type { EventHub } from '../streams/event-hub.js';
import { Observation } from './observation.js';

/**
 * The observers of a server, each subscribed once; {@link Observation} says what happens when one fails.
 *
 * A failure is an `Error` event with the observer's name; it never stops the server or another observer.
 */
export class Observers {
  readonly #hub: EventHub;
  #observations: ReadonlyMap<ObserveFunction, Observation> = new Map();

  constructor(hub: EventHub) {
    this.#hub = hub;
  }

  /**
   * Builds the observers that are to be there from now on; those that are there already stay as they are.
   *
   * @returns starts the new ones and stops those that are no more
   * @throws {@link SshServerError} `ERR_SSH_HANDLER_FAILED` if an observer throws while it is built; then nothing has changed
   */
  prepare(observers: readonly ObserveFunction[]): () => void {
    const former = this.#observations;
    const next = new Map(observers.map((it) => [it, former.get(it) ?? this.#build(it)] as const));
    return () => {
      this.#observations = next;
      for (const [observer, observation] of former) if (!next.has(observer)) observation.stop();
      for (const [observer, observation] of next) if (!former.has(observer)) observation.start();
    };
  }

  #build({ source, bind, event }: ObserveFunction): Observation {
    const hub = this.#hub;
    return new Observation(
      source,
      (event$) => bind({ ...hub.streams, [event]: event$ }),
      hub.streams[event],
      (error) => {
        if (hub.wants('Error')) hub.emit({ type: 'Error', error, source });
      },
    );
  }
}
