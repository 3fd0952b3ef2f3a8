import { ascii, string, utf8 } from '../../transport/wire/codec.js';
import { flagged } from '../../transport/wire/flagged.js';
import { struct } from '../../transport/wire/struct.js';
import { tailFamily, type RawTail } from '../../transport/wire/tail-family.js';

/** Asks which methods may continue (RFC 4252 section 5.2). */
export interface NoneMethod {
  readonly type: 'none';
}

/**
 * A password, or a change of one (RFC 4252 section 8). Secret: never log it.
 *
 * As sent, without normalisation; bytes that are not UTF-8 are escaped (see `decodeUtf8`), so that no such password
 * equals another.
 */
export type PasswordMethod = { readonly type: 'password'; readonly password: string } & (
  { readonly change: false } | { readonly change: true; readonly newPassword: string }
);

/** A public key (RFC 4252 section 7). Unsigned, it only asks whether the key would do; signed, it is still unverified. */
export type PublicKeyMethod = {
  readonly type: 'publickey';
  readonly publicKeyAlgorithm: string;
  /** Public key blob, or a certificate. */
  readonly publicKey: Buffer;
} & ({ readonly signed: false } | { readonly signed: true; readonly signature: Buffer });

/** Starts a dialogue of questions and answers (RFC 4256 section 3.1). */
export interface KeyboardInteractiveMethod {
  readonly type: 'keyboard-interactive';
  /** Deprecated by the RFC, mostly empty. */
  readonly languageTag: string;
  /** What the client would like, comma-separated, mostly empty. */
  readonly submethods: string;
}

/** The client's host vouches for its user (RFC 4252 section 9). Unverified. */
export interface HostbasedMethod {
  readonly type: 'hostbased';
  readonly publicKeyAlgorithm: string;
  /** Host key blob and certificates of the client host. */
  readonly publicKey: Buffer;
  readonly clientHostName: string;
  readonly clientUserName: string;
  readonly signature: Buffer;
}

type KnownMethod = NoneMethod | PasswordMethod | PublicKeyMethod | KeyboardInteractiveMethod | HostbasedMethod;

/** What SSH_MSG_USERAUTH_REQUEST carries behind the method name; raw where the method or its form is unknown. */
export type UserauthMethod = KnownMethod | RawTail;

const key = { publicKeyAlgorithm: ascii, publicKey: string };

/** Codec of {@link UserauthMethod}. */
export const UserauthMethod = tailFamily<KnownMethod>({
  none: struct({}),
  password: flagged('change', struct({ password: utf8 }), struct({ password: utf8, newPassword: utf8 })),
  publickey: flagged('signed', struct(key), struct({ ...key, signature: string })),
  'keyboard-interactive': struct({ languageTag: ascii, submethods: utf8 }),
  hostbased: struct({ ...key, clientHostName: ascii, clientUserName: utf8, signature: string }),
});
