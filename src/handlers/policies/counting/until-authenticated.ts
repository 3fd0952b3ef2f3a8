import { type Observable, takeUntil } from 'rxjs';

import type { Lease, LeaseSignal } from '../../../streams/lease.js';

/**
 * A lease that ends, without a word, once somebody has signed in on the connection. It does not even begin if that has
 * happened already.
 */
export const untilAuthenticated =
  (lease$: Observable<LeaseSignal>): Lease =>
  ({ authenticated }) =>
    lease$.pipe(takeUntil(authenticated));
