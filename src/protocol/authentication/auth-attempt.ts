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

/** What a request shows for itself, decoded and, where there is a signature, verified. */
export type AuthCredential =
  | { readonly method: 'none' }
  /** `newPassword` is there only if the user was just asked for one. */
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
  | {
      readonly method: 'hostbased';
      /** `proven` has a right signature of the client's host, `refuted` a wrong one. */
      readonly stage: 'proven' | 'refuted';
      readonly algorithm: string;
      /** The key of the client's host, or its certificate. */
      readonly key: UserKey;
      /** What the client says its host is called. */
      readonly clientHostName: string;
      /** What the user is called there. */
      readonly clientUserName: string;
    }
  | { readonly method: 'keyboard-interactive'; readonly stage: 'started'; readonly submethods: readonly string[] }
  | {
      readonly method: 'keyboard-interactive';
      readonly stage: 'answered';
      readonly round: number;
      readonly answers: readonly string[];
    }
  /** A method unknown here, or a known one whose content cannot be read or comes at the wrong time. */
  | {
      readonly method: 'other';
      readonly name: string;
      /** True if it only asks whether something would do, which is no guess. */
      readonly isQuery?: true;
    };

/** One step of a client towards authentication. */
export type AuthAttempt = Attempt & AuthCredential;

/** Questions of keyboard-interactive authentication (RFC 4256 section 3.2). */
export interface AuthChallenge {
  readonly name?: string;
  readonly instruction?: string;
  readonly prompts: readonly { readonly text: string; readonly echo?: boolean }[];
}

/** What becomes of an {@link AuthAttempt}. */
export type AuthOutcome =
  | ({ readonly type: 'failure' } & Continuing)
  | { readonly type: 'success' }
  /** It was right, and does not suffice (RFC 4252 section 5.1): one of `methods` has to follow. */
  | { readonly type: 'partial'; readonly methods: readonly string[] }
  /** The offered key would do; means nothing for any other attempt. */
  | { readonly type: 'offer-accepted' }
  | ({ readonly type: 'challenge'; readonly challenge: AuthChallenge } & Continuing)
  /** The password has to be changed (RFC 4252 section 8); a failure for any other attempt. */
  | ({ readonly type: 'password-change'; readonly prompt: string } & Continuing);

interface Continuing {
  /** The methods to name in a failure, should it be or become one; absent for all that the server offers. */
  readonly methods?: readonly string[];
}
