import { Observable, Subscription } from 'rxjs';

import type { Held } from '../../../streams/held.js';
import type { Lease, LeaseSignal } from '../../../streams/lease.js';

/**
 * Keeps what a policy attaches to several grants of one thing from counting, warning or ending it several times: of its leases with
 * one key, one is in force. Each step of a sign-in that takes several is a grant of the same connection.
 *
 * The first to begin is; when it ends the next takes over, since one grant may be given up before the others.
 */
export class SoleLease {
  /** Those in force first, behind each those that wait. Nothing is kept of what is no longer held. */
  readonly #queues = new WeakMap<Held, Map<string, (() => void)[]>>();

  of(key: string, make: (held: Held) => Observable<LeaseSignal>): Lease {
    return (held) =>
      new Observable<LeaseSignal>((subscriber) => {
        const subscription = new Subscription();
        const begin = (): void => {
          subscription.add(make(held).subscribe(subscriber));
        };
        const queue = this.#queueOf(held, key);
        queue.push(begin);
        if (queue.length === 1) begin();
        return () => {
          const place = queue.indexOf(begin);
          queue.splice(place, 1);
          subscription.unsubscribe();
          if (place === 0) queue[0]?.();
        };
      });
  }

  #queueOf(held: Held, key: string): (() => void)[] {
    let queues = this.#queues.get(held);
    if (queues === undefined) {
      queues = new Map();
      this.#queues.set(held, queues);
    }
    let queue = queues.get(key);
    if (queue === undefined) {
      queue = [];
      queues.set(key, queue);
    }
    return queue;
  }
}
