import type { Observable } from 'rxjs';

import type { EventStreams } from '../../streams/event-streams.js';
import { addRecord } from '../metadata.js';
import type { InstanceOnly, Shape } from './method-shape.js';

/**
 * Makes the decorated method an observer of one kind of event, or of `all`.
 *
 * The method is called once, when the server starts, with the stream of those events; what it returns is subscribed once
 * and its values are ignored. In a class of scope `connection` it is called once per connection, with the events of that
 * connection, and unsubscribed at its end. An observer cannot answer a request: use `@Decide` for that.
 *
 * @example
 * ```ts
 * import { type Observable, tap } from 'rxjs';
 *
 * @SshHandler()
 * class Meter {
 *   #bytesSent = 0;
 *
 *   @On('Disconnected')
 *   tally(disconnected$: Observable<Disconnected>) {
 *     return disconnected$.pipe(
 *       tap(({ bytesSent }) => {
 *         this.#bytesSent += bytesSent;
 *       }),
 *     );
 *   }
 * }
 * ```
 */
export function On<Type extends keyof EventStreams>(eventType: Type) {
  return <Target extends object, Method>(
    prototype: Target & InstanceOnly<Target>,
    method: string | symbol,
    _shape: TypedPropertyDescriptor<Method> &
      Shape<
        Method,
        (event$: EventStreams[Type]) => Observable<unknown>,
        `An @On('${Type}') method takes the Observable of that event and returns an Observable`
      >,
  ): void => {
    addRecord(prototype, { kind: 'observe', method, event: eventType });
  };
}
