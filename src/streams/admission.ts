import { map } from 'rxjs';

import { DenyReason } from './deny-reason.js';
import type { ConnectionRequest } from './events/connection-request.js';
import type { Policy } from './policy.js';
import { deny } from './verdict.js';

/** How many connections a server takes. */
export interface AdmissionLimits {
  /** Connections at once. Default 1,000. */
  readonly maxConnections: number;
  /** Connections at once on which nobody has authenticated yet. Default 100. */
  readonly maxStartups: number;
  /** The same, from one address. Peers without an address, as on a Unix socket, count only for the others. Default 10. */
  readonly maxPerSource: number;
}

/** What holds unless configured otherwise. */
export const DEFAULT_ADMISSION: AdmissionLimits = { maxConnections: 1000, maxStartups: 100, maxPerSource: 10 };

/** Counts connections, so that {@link AdmissionLimits} can be kept. As large as the number of connections, no larger. */
export class Admission {
  #connections = 0;
  #startups = 0;
  readonly #startupsBySource = new Map<string, number>();

  /** A connection arrived; it counts before it is decided on, so that a burst cannot slip through. */
  arrive(source: string): void {
    this.#connections += 1;
    this.#startups += 1;
    if (source !== '') this.#startupsBySource.set(source, (this.#startupsBySource.get(source) ?? 0) + 1);
  }

  /** Somebody authenticated on a connection that arrived. */
  authenticate(source: string): void {
    this.#startups -= 1;
    const left = (this.#startupsBySource.get(source) ?? 0) - 1;
    if (left > 0) this.#startupsBySource.set(source, left);
    else this.#startupsBySource.delete(source);
  }

  /** A connection is gone. */
  leave(source: string, authenticated: boolean): void {
    if (!authenticated) this.authenticate(source);
    this.#connections -= 1;
  }

  /** Denies connections beyond `limits`; the one being decided is counted already. */
  policy(limits: AdmissionLimits): Policy<ConnectionRequest> {
    return (verdict$) =>
      verdict$.pipe(
        map((verdict) => {
          const full =
            this.#connections > limits.maxConnections ||
            this.#startups > limits.maxStartups ||
            (this.#startupsBySource.get(verdict.request.connection.remoteAddress) ?? 0) > limits.maxPerSource;
          return full ? deny(verdict, 'admission', DenyReason.LimitReached) : verdict;
        }),
      );
  }
}
