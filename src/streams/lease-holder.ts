import { Subscription } from 'rxjs';

import type { Lease } from './lease.js';

/** What a held lease may cause. */
export interface LeaseEffects {
  warn(message: string): void;
  revoke(reason: string): void;
  /** A lease threw when it was given up; it is given up all the same. Default: nobody is told. */
  fail?(cause: unknown): void;
}

/**
 * Holds leases for as long as the granted thing lives: unsubscribe the result when it ends.
 *
 * The first revocation counts and ends all of them; a lease that errors revokes, since nobody can say any more whether
 * the grant still stands.
 */
export function holdLeases(leases: readonly Lease[], effects: LeaseEffects): Subscription {
  const held = new Subscription();
  const revoke = (reason: string): void => {
    if (held.closed) return;
    held.unsubscribe();
    effects.revoke(reason);
  };
  for (const lease of leases) {
    if (held.closed) break;
    const holding = lease.subscribe({
      next: (signal) => {
        if (held.closed) return;
        if (signal.type === 'warn') effects.warn(signal.message);
        else revoke(signal.reason);
      },
      error: () => {
        revoke('the permission can no longer be confirmed');
      },
    });
    if (holding.closed) continue;
    // What a lease throws must keep neither the others nor what they were for from ending.
    const giveUp = (): void => {
      try {
        holding.unsubscribe();
      } catch (cause) {
        effects.fail?.(cause);
      }
    };
    held.add(giveUp);
    holding.add(() => {
      held.remove(giveUp);
    });
  }
  return held;
}
