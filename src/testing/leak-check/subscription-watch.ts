import type { Observable, Subscription } from 'rxjs';

import type { EventStreams } from '../../streams/event-streams.js';
import type { PolicyContext } from '../../streams/policy-context.js';
import { callPlace } from './call-place.js';
import type { Leak, LeakWatch } from './leak.js';

type Subscribe = (...args: readonly unknown[]) => Subscription;

/** Watches who subscribes to the events of a server, and does not unsubscribe. */
export class SubscriptionWatch implements LeakWatch {
  readonly #streams: readonly Observable<unknown>[];
  readonly #open = new Set<Leak>();

  constructor(events: EventStreams, denials$: PolicyContext['denials']) {
    const named: readonly (readonly [string, Observable<unknown>])[] = [
      ...Object.entries(events).map(([name, event$]) => [`events.${name}`, event$] as const),
      ['denials', denials$],
    ];
    for (const [name, event$] of named) this.#watch(name, event$);
    this.#streams = named.map(([, event$]) => event$);
  }

  leaks(): readonly Leak[] {
    return [...this.#open];
  }

  stop(): void {
    // What the class has shows again.
    for (const event$ of this.#streams) Reflect.deleteProperty(event$, 'subscribe');
  }

  #watch(name: string, event$: Observable<unknown>): void {
    // With whatever arguments the overloads allow.
    const subscribe = Reflect.get(event$, 'subscribe') as Subscribe;
    const watched: Subscribe = (...args) => {
      const leak: Leak = { kind: 'subscription', what: `to ${name}`, at: callPlace() };
      this.#open.add(leak);
      const subscription = Reflect.apply(subscribe, event$, args);
      // At once if it is closed already.
      subscription.add(() => {
        this.#open.delete(leak);
      });
      return subscription;
    };
    Object.defineProperty(event$, 'subscribe', { value: watched, configurable: true, writable: true });
  }
}
