import type { CounterStore } from '../../../streams/counter-store.js';
import { MemoryCounterStore } from '../../../streams/memory-counter-store.js';

/** What stands in for each store while recorded traffic is decided again. */
let standIns: WeakMap<object, CounterStore> | undefined;

/**
 * From now on policies count in memory that is empty at first, instead of in their stores: what was recorded must not be counted
 * again where a real server counts, and bans nobody there. The whole process rehearses; it cannot serve meanwhile.
 *
 * @returns gives the stores back
 */
export function rehearseCounts(): () => void {
  const mine = new WeakMap<object, CounterStore>();
  standIns = mine;
  return () => {
    if (standIns === mine) standIns = undefined;
  };
}

/** Where counts of `store` are kept at this moment. */
export function storeInForce<Store extends Partial<CounterStore>>(store: Store): Store | CounterStore {
  if (standIns === undefined) return store;
  let standIn = standIns.get(store);
  if (standIn === undefined) {
    standIn = new MemoryCounterStore();
    standIns.set(store, standIn);
  }
  return standIn;
}
