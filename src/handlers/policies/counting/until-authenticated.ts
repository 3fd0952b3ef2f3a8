import type { Held } from '../../../streams/held.js';
import { PlainLease } from '../../../streams/plain-lease.js';

/**
 * A lease that ends, without a word, once somebody has signed in on the connection. It does not even begin if that has
 * happened already.
 */
export const untilAuthenticated =
  (lease: PlainLease): ((held: Held) => PlainLease) =>
  ({ authenticated }) =>
    new PlainLease((speak) => {
      let giveUp: (() => void) | undefined;
      let isOver = false;
      const end = (): void => {
        isOver = true;
        const begun = giveUp;
        giveUp = undefined;
        begun?.();
      };
      const waiting = authenticated.subscribe(end);
      // Set above if it has happened already, which the compiler cannot know.
      if (!(isOver as boolean)) giveUp = lease.begin(speak);
      return () => {
        waiting.unsubscribe();
        end();
      };
    });
