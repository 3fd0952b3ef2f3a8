import type { DenyReason } from '../streams/deny-reason.js';
import type { PolicyName } from '../streams/verdict.js';

/**
 * What became of a request, in a word.
 *
 * `open`: nobody has said anything. `declined`: still open, but somebody who could have granted it would not; a server
 * denies it for that reason unless another policy grants it. `granted`: yes. `denied`: no. Three kinds of yes let nobody in, and so
 * have words of their own: `challenged`, questions are to be asked (RFC 4256); `offer-accepted`, a key would do but is not
 * proven (RFC 4252 section 7); `change-requested`, a password is right and has to be changed (section 8).
 */
export type Outcome = 'open' | 'declined' | 'granted' | 'denied' | 'challenged' | 'offer-accepted' | 'change-requested';

/** What is expected of a verdict. What is left out may be anything. */
export interface VerdictExpectation {
  readonly outcome: Outcome;
  /** The policy that granted, denied or was the first to decline. */
  readonly by?: PolicyName;
  /** Why it was denied or declined. */
  readonly reason?: DenyReason;
  /** The very request it is about: tells apart verdicts that overtake each other. */
  readonly request?: object;
  /** How many leases it carries. */
  readonly leases?: number;
  /** The expressions of what it requires, in order. */
  readonly requires?: readonly string[];
}

/** What is expected of a verdict: an outcome, one with its reason such as `denied: rate-limited`, or more. */
export type ExpectedVerdict = Outcome | `${'denied' | 'declined'}: ${DenyReason}` | VerdictExpectation;

/** The letters that mean something by themselves. */
export const OUTCOME_LETTERS: Readonly<Record<string, ExpectedVerdict>> = {
  o: 'open',
  n: 'declined',
  g: 'granted',
  d: 'denied',
  c: 'challenged',
  k: 'offer-accepted',
  h: 'change-requested',
};
