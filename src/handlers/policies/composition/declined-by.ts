import { decline, type Verdict } from '../../../streams/verdict.js';

/**
 * `verdict` with the first reason for which one of `answers` would not grant it, if it is open and has none yet. A denial
 * among them is the refusal of one out of several, and a reason like any other.
 */
export function declinedBy<R>(verdict: Verdict<R>, answers: readonly Verdict<R>[]): Verdict<R> {
  for (const answer of answers) {
    if (answer.state === 'denied') return decline(verdict, answer.by, answer.reason);
    if (answer.state === 'open' && answer.declined !== undefined) {
      return decline(verdict, answer.declined.by, answer.declined.reason);
    }
  }
  return verdict;
}
