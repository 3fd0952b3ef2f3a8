import type { CounterStore } from 'rxsshd';

import { told } from './told.js';

/** So many hits in a window of time. */
export interface HitBounds {
  readonly limit: number;
  readonly windowMs: number;
}

/**
 * Counts a hit on a key, and says whether it was within the limit.
 *
 * @throws TypeError, as a rejection, if the store does not say; whatever the store fails with
 */
export async function hit(store: CounterStore, key: string, bounds: HitBounds, now: number): Promise<boolean> {
  const result = await told(store.hit(key, { ...bounds, now }));
  if (typeof result?.allowed === 'boolean') return result.allowed;
  throw new TypeError('the counter store answered without saying whether the hit is allowed');
}
