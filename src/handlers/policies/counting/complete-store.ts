import type { CounterStore } from '../../../streams/counter-store.js';
import { counterStoreOf, type CounterStoreOptions } from './counter-store-option.js';
import { hasMethods } from '../option-checks.js';
import { policyOptionError } from '../policy-option-error.js';

/**
 * The store of a policy that needs everything a store can do.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` as {@link counterStoreOf}, and if `store` lacks a method.
 */
export function completeStoreOf(policy: string, options: CounterStoreOptions): CounterStore {
  const store = counterStoreOf(policy, options);
  if (!isComplete(store)) {
    throw policyOptionError(policy, 'store', 'must be a CounterStore with hit, extend and clear', store);
  }
  return store;
}

const isComplete = (store: Pick<CounterStore, 'hit'>): store is CounterStore => hasMethods(store, 'extend', 'clear');
