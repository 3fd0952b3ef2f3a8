import { AssertionError } from 'node:assert';

import type { HistoryTrace } from './history-trace.js';
import { authenticationFirst } from './invariants/authentication-first.js';
import { denyWins } from './invariants/deny-wins.js';
import { eventsWellFormed } from './invariants/events-well-formed.js';
import type { Invariant, InvariantOptions } from './invariants/invariant.js';
import { limitsHold } from './invariants/limits-hold.js';
import { noGrantWithoutProof } from './invariants/no-grant-without-proof.js';
import { nothingLeaks } from './invariants/nothing-leaks.js';
import { repliesInOrder } from './invariants/replies-in-order.js';
import { windowsKept } from './invariants/windows-kept.js';

/** Where something did not hold that always has to. */
export interface InvariantViolation {
  /** What does not hold, such as `no grant without proof`. */
  readonly invariant: string;
  /** Where, in a line that begins with the client's address and port if it is about one connection. */
  readonly detail: string;
}

/** What holds for every server, in the order of what it would cost. */
const INVARIANTS: readonly Invariant[] = [
  noGrantWithoutProof,
  denyWins,
  authenticationFirst,
  repliesInOrder,
  eventsWellFormed,
  limitsHold,
  windowsKept,
  nothingLeaks,
];

/**
 * Judges what a server did by what holds for all of them: no grant without proof, deny wins, nothing of the connection protocol
 * before authentication, each question answered once and in order, well-formed events, limits and windows kept, nothing
 * left in the end.
 *
 * @returns where one does not hold; empty if all do
 */
export const checkInvariants = (trace: HistoryTrace, options: InvariantOptions): readonly InvariantViolation[] =>
  INVARIANTS.flatMap((it) => [...it.check(trace, options)].map((detail) => ({ invariant: it.name, detail })));

/**
 * The same for a test.
 *
 * @throws AssertionError of `node:assert` that names what does not hold, with the history as a piece of a test
 */
export function expectInvariants(trace: HistoryTrace, options: InvariantOptions): void {
  const violations = checkInvariants(trace, options);
  if (violations.length === 0) return;
  const lines = violations.map(({ invariant, detail }) => `${invariant}: ${detail}`);
  throw new AssertionError({ message: `${lines.join('\n')}\n\n${String(trace.history)}` });
}
