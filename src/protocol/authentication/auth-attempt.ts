import type { SecurityKeyUse } from './security-key-use.js';
import type { UserKey } from './user-key.js';

interface Attempt {
  /** As sent. */
  readonly user: string;
  /** The service wanted afterwards. */
  readonly service: string;
  /** 1 for the first request on this connection. */
  readonly ordinal: number;
}

/** One step of a client towards authentication, decoded and, where there is a signature, verified. */
export type AuthAttempt = Attempt &
  (
    | { readonly method: 'none' }
    | { readonly method: 'password'; readonly password: string; readonly newPassword?: string }
    | {
        readonly method: 'publickey';
        /** `offered` has no signature, `proven` a right one, `refuted` a wrong one. */
        readonly stage: 'offered' | 'proven' | 'refuted';
        readonly algorithm: string;
        readonly key: UserKey;
        /** What a security key says of its signature; for `proven` alone. */
        readonly securityKey?: SecurityKeyUse;
      }
    | { readonly method: 'keyboard-interactive'; readonly stage: 'started'; readonly submethods: readonly string[] }
    | {
        readonly method: 'keyboard-interactive';
        readonly stage: 'answered';
        readonly round: number;
        readonly answers: readonly string[];
      }
    /** A method unknown here, or a known one whose content cannot be read. */
    | { readonly method: 'other'; readonly name: string }
  );

/** Questions of keyboard-interactive authentication (RFC 4256 section 3.2). */
export interface AuthChallenge {
  readonly name?: string;
  readonly instruction?: string;
  readonly prompts: readonly { readonly text: string; readonly echo?: boolean }[];
}

/** What becomes of an {@link AuthAttempt}. */
export type AuthOutcome =
  | { readonly type: 'failure' }
  | { readonly type: 'success' }
  /** The offered key would do; means nothing for any other attempt. */
  | { readonly type: 'offer-accepted' }
  | { readonly type: 'challenge'; readonly challenge: AuthChallenge };
