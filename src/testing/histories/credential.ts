import type { AuthKey } from '../../streams/events/ssh-user-auth-request.js';

/** What a client has shown for itself: the whole of what a grant of authentication may rest on. */
export type Credential =
  | { readonly method: 'none'; readonly user: string }
  /** With a new password where the server has asked for one. */
  | { readonly method: 'password'; readonly user: string; readonly password: string; readonly newPassword?: string }
  /** Its signature is right. A key that was offered, or whose signature is wrong, is no credential. */
  | { readonly method: 'publickey'; readonly user: string; readonly key: AuthKey }
  /** A host has signed for its user, and its signature is right. */
  | {
      readonly method: 'hostbased';
      readonly user: string;
      readonly key: AuthKey;
      readonly clientHostName: string;
      readonly clientUserName: string;
    }
  /** Answers to questions that were asked, in the order of the questions. */
  | { readonly method: 'keyboard-interactive'; readonly user: string; readonly answers: readonly string[] };
