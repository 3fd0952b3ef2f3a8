import type { Certificate } from '../../protocol/authentication/certificate.js';
import type { SecurityKeyUse } from '../../protocol/authentication/security-key-use.js';
import type { ConnectionInfo } from '../connection-info.js';
import type { PassedStep } from '../requirements/passed-step.js';
import type { Secret } from '../secret.js';

/** What every authentication request carries (RFC 4252 section 5). */
interface AuthRequest {
  readonly type: 'SSHUserAuthRequest';
  readonly connection: ConnectionInfo;
  /** As sent by the client: not verified, not normalised. */
  readonly user: string;
  /** The service wanted after authentication, `ssh-connection` in practice. */
  readonly service: string;
  /** 1 for the first request on this connection; `none` and offered keys count too. */
  readonly ordinal: number;
  /**
   * The steps that this user has passed on this connection, in their order, where sign-ins take more than one: see
   * {@link requireMethods}. Absent if there are none. Whoever asks for another user or service begins anew.
   */
  readonly passed?: readonly PassedStep[];
}

/** The usual first probe, which asks what methods there are (RFC 4252 section 5.2). */
export interface NoneAuthRequest extends AuthRequest {
  readonly method: 'none';
}

/** A password (RFC 4252 section 8). */
export interface PasswordAuthRequest extends AuthRequest {
  readonly method: 'password';
  readonly password: Secret;
  /**
   * The password the user wants from now on; present only when the client answers {@link requestPasswordChange}. To grant it says
   * that the change was made.
   */
  readonly newPassword?: Secret;
}

/** What is known of a public key in an authentication request. */
export interface AuthKey {
  /**
   * The key's own type, such as `ssh-ed25519` or `ssh-rsa` (RFC 4253 section 6.6), or the type of the certificate, such as
   * `ssh-ed25519-cert-v01@openssh.com`.
   */
  readonly type: string;
  /** The key or certificate as on the wire. */
  readonly blob: Uint8Array;
  /** SHA-256 fingerprint of the key itself, in the form of `ssh-keygen -l`. */
  readonly fingerprint: string;
  /** Size in bits. */
  readonly bits: number;
  /** What a security key was enrolled for, `ssh:` as a rule (OpenSSH PROTOCOL.u2f); absent for other keys. */
  readonly application?: string;
  /**
   * Present if the client shows a certificate. The signature of its authority is right; whether that authority is to be
   * trusted, and whether the certificate is valid now and here, is for policies to say: {@link grantCertificate}.
   */
  readonly certificate?: Certificate;
}

interface PublicKeyAuthRequest extends AuthRequest {
  readonly method: 'publickey';
  /** The signature algorithm named by the client, such as `rsa-sha2-512` (RFC 8332). */
  readonly algorithm: string;
  readonly key: AuthKey;
}

/**
 * The client asks whether a key would do (RFC 4252 section 7). It proves nothing: anybody can send anybody's public key.
 *
 * Such a request cannot be granted, only answered with {@link acceptOffer}.
 */
export interface OfferedKeyAuthRequest extends PublicKeyAuthRequest {
  readonly stage: 'offered';
}

/** The client signed this session with the key, and the framework has verified the signature. */
export interface ProvenKeyAuthRequest extends PublicKeyAuthRequest {
  readonly stage: 'proven';
  /** Present if a security key has signed (OpenSSH PROTOCOL.u2f): whether it was touched, and whether it knew its owner. */
  readonly securityKey?: SecurityKeyUse;
}

/** The client sent a signature that does not verify. Shown to policies so that they can count it; never granted. */
export interface RefutedKeyAuthRequest extends PublicKeyAuthRequest {
  readonly stage: 'refuted';
}

/** The client is ready for questions (RFC 4256 section 3.1). Answer with {@link challenge}. */
export interface KeyboardInteractiveStart extends AuthRequest {
  readonly method: 'keyboard-interactive';
  readonly stage: 'started';
  /** Hints of the client, usually none. */
  readonly submethods: readonly string[];
}

/** The client answered the prompts of the last {@link challenge} (RFC 4256 section 3.4). */
export interface KeyboardInteractiveAnswer extends AuthRequest {
  readonly method: 'keyboard-interactive';
  readonly stage: 'answered';
  /** 1 for the answers to the first challenge of this attempt. */
  readonly round: number;
  /** One for each prompt, in order. */
  readonly answers: readonly Secret[];
}

interface HostBasedAuthRequest extends AuthRequest {
  readonly method: 'hostbased';
  /** The signature algorithm named by the client, such as `rsa-sha2-512` (RFC 8332). */
  readonly algorithm: string;
  /**
   * The key of the client's host. Where it comes in a certificate, that is one of a host, and the signature of its authority is
   * right; whether that authority is to be trusted is for policies to say: {@link grantHostBased}.
   */
  readonly key: AuthKey;
  /**
   * What the client says its host is called, in printable ASCII; OpenSSH puts a dot behind it. Neither looked up nor compared
   * with the client's address.
   */
  readonly clientHostName: string;
  /** What the user is called on that host: what its key vouches for. */
  readonly clientUserName: string;
}

/** The client's host signed this session for its user, and the framework has verified the signature (RFC 4252 section 9). */
export interface ProvenHostAuthRequest extends HostBasedAuthRequest {
  readonly stage: 'proven';
}

/** As {@link ProvenHostAuthRequest}, with a signature that does not verify. Shown so that policies can count it; never granted. */
export interface RefutedHostAuthRequest extends HostBasedAuthRequest {
  readonly stage: 'refuted';
}

/**
 * A method this server does not know or does not offer, or a request of a known one that cannot be read or comes at the wrong
 * time. Kept so that policies can see and count it. Never granted.
 */
export interface UnknownMethodAuthRequest extends AuthRequest {
  readonly method: 'other';
  /** The method's name as sent. */
  readonly name: string;
}

/** One `SSH_MSG_USERAUTH_REQUEST` or its follow-up (RFC 4252, RFC 4256). Plain data; secrets are {@link Secret}s. */
export type SSHUserAuthRequest =
  | NoneAuthRequest
  | PasswordAuthRequest
  | OfferedKeyAuthRequest
  | ProvenKeyAuthRequest
  | RefutedKeyAuthRequest
  | KeyboardInteractiveStart
  | KeyboardInteractiveAnswer
  | ProvenHostAuthRequest
  | RefutedHostAuthRequest
  | UnknownMethodAuthRequest;
