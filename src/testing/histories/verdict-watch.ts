import { Observable, tap } from 'rxjs';

import type { SshRequest } from '../../streams/events/ssh-request.js';
import type { Policy } from '../../streams/policy.js';
import type { PolicyLists } from '../simulation/server-options.js';

/** A policy has denied a request. */
export interface SeenDenial {
  readonly request: SshRequest;
  /** The name that the policy gave itself. */
  readonly by: string;
}

/**
 * Sees each denial at the policy that spoke it, so that {@link checkInvariants} need not believe the server that it heard.
 *
 * Put it around policies that the server asks itself. Members of `anyOf` and the like may deny what the whole grants.
 */
export class VerdictWatch {
  readonly #observers = new Set<(denial: SeenDenial) => void>();

  /** `policy`, watched. */
  watch<R extends SshRequest>(policy: Policy<R>): Policy<R> {
    return (verdict$) =>
      policy(verdict$).pipe(
        tap((verdict) => {
          if (verdict.state !== 'denied') return;
          for (const observer of this.#observers) observer({ request: verdict.request, by: verdict.by });
        }),
      );
  }

  /** The same policies, each watched. */
  around(policies: PolicyLists): PolicyLists {
    const watched = Object.entries(policies).map(([type, list]) => [
      type,
      // A policy goes back to where it came from; Object.entries forgets which request that decides.
      (list as readonly Policy<SshRequest>[]).map((policy) => this.watch(policy)),
    ]);
    // As above.
    return Object.fromEntries(watched) as PolicyLists;
  }

  /** Cold: every denial from subscription on. Never completes, never errors. */
  get denials(): Observable<SeenDenial> {
    return new Observable((subscriber) => {
      const observer = (denial: SeenDenial): void => {
        subscriber.next(denial);
      };
      this.#observers.add(observer);
      return () => {
        this.#observers.delete(observer);
      };
    });
  }
}
