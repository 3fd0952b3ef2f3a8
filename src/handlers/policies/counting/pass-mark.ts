import { EMPTY } from 'rxjs';

import type { Lease } from '../../../streams/lease.js';
import { type Verdict, withLease } from '../../../streams/verdict.js';

/**
 * By which a policy knows a verdict again that has passed it before: a lease that says nothing and ends at once.
 *
 * A policy may stand in several places of a chain. No policy may take a lease from a verdict, so what has been charged once
 * is not charged again. The request itself would not do: a test may ask with the same one many times.
 */
export class PassMark {
  readonly #lease: Lease = () => EMPTY;

  /** Whether `verdict` has passed before. Of a denied verdict nobody can say: it has no leases. */
  isOn(verdict: Verdict<unknown>): boolean {
    return verdict.state !== 'denied' && verdict.leases.includes(this.#lease);
  }

  /** The verdict, marked; a denied one as it is. */
  put<R>(verdict: Verdict<R>): Verdict<R> {
    return withLease(verdict, this.#lease);
  }
}
