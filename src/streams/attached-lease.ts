import type { Lease } from './lease.js';

/** A lease, and the stage whose policy attached it to a verdict: it is held for as long as that policy is in force. */
export interface AttachedLease {
  readonly lease: Lease;
  readonly stage: object;
}
