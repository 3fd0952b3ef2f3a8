import { type Clock, systemClock } from '../../streams/clock.js';
import type { PolicyContext } from '../../streams/policy-context.js';

/** Options of a policy that needs the time. */
export interface ClockOption {
  /** Where time comes from. Default the clock of the server that asks. */
  readonly clock?: Clock;
}

/** The clock that a policy goes by: its own, else that of the server that asks, else the real time. */
export const clockFor = ({ clock }: ClockOption, { context }: { readonly context?: PolicyContext }): Clock =>
  clock ?? context?.clock ?? systemClock;
