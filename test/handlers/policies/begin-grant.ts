import { Subscription } from 'rxjs';

import type { LeaseSignal } from '../../../src/streams/lease.js';
import type { Verdict } from '../../../src/streams/verdict.js';
import { held, type TestHeld } from '../../../src/testing/held.js';

/** A grant that has begun. */
export interface BegunGrant {
  /** What its leases have said so far. */
  readonly signals: readonly LeaseSignal[];
  /** Whether a lease has taken it back. */
  readonly revoked: boolean;
  /** What it was granted for has ended. */
  end(): void;
}

/** Holds the leases of a verdict as a server does that grants it: until it ends, or a lease revokes. */
export function beginGrant(verdict: Verdict<unknown>, thing: TestHeld = held()): BegunGrant {
  if (verdict.state === 'denied') throw new Error(`${verdict.by} denied the request: ${verdict.reason}`);
  const signals: LeaseSignal[] = [];
  const leases = new Subscription();
  for (const lease of verdict.leases) {
    const signal$ = typeof lease === 'function' ? lease(thing) : lease;
    leases.add(
      signal$.subscribe((signal) => {
        signals.push(signal);
        if (signal.type === 'revoke') leases.unsubscribe();
      }),
    );
  }
  return {
    signals,
    get revoked() {
      return signals.some(({ type }) => type === 'revoke');
    },
    end: () => {
      leases.unsubscribe();
    },
  };
}
