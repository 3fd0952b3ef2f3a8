import type { Lease } from './lease.js';

interface LastingLease {
  readonly lasting: true;
}

/**
 * Makes a lease stay when the policy goes that has attached it: it belongs to what was granted, such as the end of the certificate
 * that somebody has signed in with, and no replacement of policies makes that last longer.
 */
export const lastingLease = (lease: Exclude<Lease, { readonly subscribe: unknown }>): Lease =>
  Object.assign(lease.bind(undefined), { lasting: true } satisfies LastingLease);

/** Whether a lease stays when its policy goes. */
export const isLasting = (lease: Lease): boolean =>
  // JavaScript may attach anything. A function with such a property was made above, perhaps in another copy of this package.
  typeof lease === 'function' && 'lasting' in lease;
