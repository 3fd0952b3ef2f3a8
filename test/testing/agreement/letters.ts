import { CLIENT_OUTCOME_LETTERS } from '../../../src/testing/simulation/client-outcome.js';
import type { Account } from './account.js';

const LETTERS = new Map(Object.entries(CLIENT_OUTCOME_LETTERS).map(([letter, outcome]) => [outcome, letter]));

/** What the clients learned before the end of the server, a letter each. */
export const lettersOf = ({ learned, learnedByActs }: Account): string =>
  learned
    .slice(0, learnedByActs)
    .map(({ outcome }) => LETTERS.get(outcome) ?? '?')
    .join('');
