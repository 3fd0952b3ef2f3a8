import type { CounterStore } from '../../../streams/counter-store.js';
import { MemoryCounterStore } from '../../../streams/memory-counter-store.js';
import { hasMethods, requireCount } from '../option-checks.js';
import { policyOptionError } from '../policy-option-error.js';

/** Options of a policy that keeps its counts in a store. */
export interface CounterStoreOptions {
  /** Where the counts are kept. Default: a {@link MemoryCounterStore} of this policy alone. */
  readonly store?: CounterStore;
  /** Keys remembered at once; past it the key charged least recently is forgotten. Default 10 000. Not with `store`. */
  readonly maxKeys?: number;
}

/**
 * The store that a policy counts hits in.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if `store` is none, `maxKeys` is not an integer of at least 1, or
 * both are given.
 */
export function counterStoreOf(policy: string, { store, maxKeys }: CounterStoreOptions): Pick<CounterStore, 'hit'> {
  if (store === undefined) {
    if (maxKeys === undefined) return new MemoryCounterStore();
    requireCount(policy, 'maxKeys', maxKeys);
    return new MemoryCounterStore({ maxKeys });
  }
  if (maxKeys !== undefined) {
    throw policyOptionError(policy, 'maxKeys', 'must be left out with a store, which has a bound of its own', maxKeys);
  }
  if (!hasMethods(store, 'hit')) throw policyOptionError(policy, 'store', 'must be a CounterStore', store);
  return store;
}
