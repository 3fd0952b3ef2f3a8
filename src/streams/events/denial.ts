import type { Decided } from './decided.js';

/** A {@link Decided} that tells of a request that was denied. */
export type Denial = Extract<Decided, { readonly outcome: 'denied' }>;
