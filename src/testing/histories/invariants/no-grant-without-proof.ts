import { SSH_MSG } from '../../../transport/messages/message-number.js';
import { connectionsIn } from '../history-trace.js';
import { AuthDialogue } from './auth-dialogue.js';
import type { Invariant } from './invariant.js';

/** Who gets in has shown, in the very attempt that is answered, what lets somebody in. */
export const noGrantWithoutProof: Invariant = {
  name: 'no grant without proof',
  *check(trace, { mayEnter }) {
    for (const connection of connectionsIn(trace)) {
      for (const { attempt, reply } of new AuthDialogue(connection).exchanges) {
        if (reply !== SSH_MSG.USERAUTH_SUCCESS) continue;
        const { credential, method, user } = attempt;
        if (credential !== undefined && mayEnter(credential)) continue;
        const shown = credential === undefined ? 'shows nothing' : 'is not enough';
        yield `${connection.name}: ${JSON.stringify(user)} got in by ${method}, which ${shown}`;
      }
    }
  },
};
