import { merge } from 'rxjs';
import type { ConnectionInfo, KeyboardInteractiveStart, PolicyContext } from 'rxsshd';

import { abandoned } from './abandoned.js';
import { DeviceFlow, type FlowParts } from './device-flow.js';
import type { ReadOptions } from './flow-options.js';
import { outdated } from './outdated.js';
import { sourceNetwork } from './source-network.js';

/** A place among the sign-ins under way. */
export interface Place {
  /** Gives it back. The first call counts. */
  leave(): void;
}

/** Where sign-ins under way are known by their connections: one for each, and so many at most. */
export class FlowDesk {
  readonly #limits: Pick<ReadOptions, 'maxPending' | 'maxPendingPerSource'>;
  readonly #flows = new WeakMap<ConnectionInfo, DeviceFlow>();
  readonly #bySource = new Map<string, number>();
  #pending = 0;

  constructor(limits: Pick<ReadOptions, 'maxPending' | 'maxPendingPerSource'>) {
    this.#limits = limits;
  }

  /** How many are under way. */
  get pending(): number {
    return this.#pending;
  }

  /** Takes a place for a sign-in that is to begin; undefined if there is none. */
  enter({ remoteAddress }: ConnectionInfo): Place | undefined {
    const source = sourceNetwork(remoteAddress);
    const ofSource = this.#bySource.get(source) ?? 0;
    if (this.#pending >= this.#limits.maxPending || ofSource >= this.#limits.maxPendingPerSource) return undefined;
    this.#pending += 1;
    this.#bySource.set(source, ofSource + 1);
    let isTaken = true;
    return {
      leave: () => {
        if (!isTaken) return;
        isTaken = false;
        this.#pending -= 1;
        const left = (this.#bySource.get(source) ?? 1) - 1;
        if (left === 0) this.#bySource.delete(source);
        else this.#bySource.set(source, left);
      },
    };
  }

  /** Begins a sign-in in its place. It ends with its connection, with whatever else happens there, and when the policy is asked no more. */
  begin(start: KeyboardInteractiveStart, parts: FlowParts, place: Place, context?: PolicyContext): void {
    const { connection, user } = start;
    const flow = new DeviceFlow(user, parts, () => {
      place.leave();
    });
    this.#flows.set(connection, flow);
    const watching = merge(abandoned(connection, context), outdated(start, context)).subscribe(() => {
      flow.end();
    });
    flow.outcome$.subscribe({
      complete: () => {
        watching.unsubscribe();
      },
    });
  }

  /** The sign-in of a connection, over or not. */
  flowOf(connection: ConnectionInfo): DeviceFlow | undefined {
    return this.#flows.get(connection);
  }

  /** Ends and forgets the sign-in of a connection, if there is one. */
  end(connection: ConnectionInfo): void {
    this.#flows.get(connection)?.end();
    this.#flows.delete(connection);
  }
}
