import { connectionsIn } from '../history-trace.js';
import { AuthDialogue } from './auth-dialogue.js';
import type { Invariant } from './invariant.js';
import { RequestDialogue } from './request-dialogue.js';

/**
 * Each question that wants an answer gets exactly one, in the order of the questions, and none without a decision behind
 * it; what wants no answer gets none.
 */
export const repliesInOrder: Invariant = {
  name: 'replies in order',
  *check(trace) {
    for (const connection of connectionsIn(trace)) {
      yield* new AuthDialogue(connection).faults;
      yield* new RequestDialogue(connection).faults;
    }
  },
};
