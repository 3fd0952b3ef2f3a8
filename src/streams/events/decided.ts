import type { ConnectionInfo } from '../connection-info.js';
import type { DenyReason } from '../deny-reason.js';
import type { Phase } from '../phase.js';
import type { SshRequest } from './ssh-request.js';

/** A grant that did not stand. */
export interface Overruled {
  /** The policy that had granted, by the name it gave itself. */
  readonly by: string;
  /** Where that policy stands. */
  readonly source: string;
  /** Present if the grant would have let nobody in yet. */
  readonly provisional?: true;
}

/**
 * A request was granted or denied, or what it was granted is taken back: the audit trail. One for every request whose
 * connection lived to hear the answer, and one more for each grant that a lease revokes.
 */
export type Decided = {
  readonly type: 'Decided';
  readonly connection: ConnectionInfo;
  /** The request this is about. */
  readonly request: SshRequest;
  /** The policy that decided, by the name it gave itself. */
  readonly by: string;
  /** Where that policy stands: `Class.method` or the name of its module. */
  readonly source: string;
  readonly phase: Phase;
  /** Milliseconds from question to answer. */
  readonly elapsedMs: number;
} & (
  | {
      readonly outcome: 'granted';
      /**
       * True of an authentication request that was met and lets nobody in yet: an offered key that would do, questions for
       * the user, a step that others have to follow. Absent otherwise.
       */
      readonly provisional?: true;
      /**
       * True if the request was a step of a sign-in, and right, and the requirements want more (RFC 4252 section 5.1): a
       * partial success. Then `provisional` is true as well. Absent otherwise.
       */
      readonly partial?: true;
    }
  | {
      readonly outcome: 'denied';
      readonly reason: DenyReason;
      /** The grant that this denial overruled: a policy asked before had granted the request. Absent if none had. */
      readonly overruled?: Overruled;
    }
  /** `message` is what the user was told. `elapsedMs` counts from the grant. */
  | { readonly outcome: 'revoked'; readonly message: string }
);
