import { SSH_MSG } from '../../../transport/messages/message-number.js';
import type { Credential } from '../credential.js';
import { connectionsIn } from '../history-trace.js';
import { AuthDialogue } from './auth-dialogue.js';
import type { Invariant } from './invariant.js';

/** Who gets in has shown, in the very attempt that is answered and in those that it follows as a step, what lets somebody in. */
export const noGrantWithoutProof: Invariant = {
  name: 'no grant without proof',
  *check(trace, { mayEnter }) {
    for (const connection of connectionsIn(trace)) {
      let earlier: readonly Credential[] = [];
      let claimed: string | undefined;
      for (const { attempt, reply, partial } of new AuthDialogue(connection).exchanges) {
        const { credential, method, user } = attempt;
        // RFC 4252 section 5: what one user has shown is worth nothing to another.
        if (user !== claimed) earlier = [];
        claimed = user;
        if (partial && credential !== undefined) earlier = [...earlier, credential];
        if (reply !== SSH_MSG.USERAUTH_SUCCESS) continue;
        if (credential !== undefined && mayEnter(credential, earlier)) continue;
        const shown = credential === undefined ? 'shows nothing' : 'is not enough';
        yield `${connection.name}: ${JSON.stringify(user)} got in by ${method}, which ${shown}`;
      }
    }
  },
};
