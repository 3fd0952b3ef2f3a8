import { inspect } from 'node:util';

/** Stable codes of {@link SshServerError}. Codes are API: match on them, never on messages. */
export type SshServerErrorCode =
  /** An option of `createServer` or of the environment is missing, of the wrong kind or out of range. */
  | 'ERR_SSH_OPTION'
  /** An option of a policy is out of range. */
  | 'ERR_SSH_POLICY_OPTION'
  /** A host key cannot be read, is encrypted, is of a kind that is not supported, or did not sign. */
  | 'ERR_SSH_HOST_KEY'
  /** Two handlers claim the same thing, or a route is not well formed. */
  | 'ERR_SSH_ROUTE_CONFLICT'
  /** A class given as a handler has no `@SshHandler()`, or cannot be built by the container. */
  | 'ERR_SSH_HANDLER'
  /** A plugin was written for another contract number, or two plugins share a name. */
  | 'ERR_SSH_PLUGIN'
  /** The server could not listen: port in use, no permission, address not available. */
  | 'ERR_SSH_LISTEN'
  /** A method was called at the wrong time, such as `listen` on a server that was shut down. */
  | 'ERR_SSH_STATE'
  /** The peer broke the protocol; the connection was closed with the reason named in the message. */
  | 'ERR_SSH_PROTOCOL'
  /** The TCP connection failed underneath the protocol. */
  | 'ERR_SSH_SOCKET'
  /** A policy threw, errored, completed, stayed silent past its deadline or answered out of order. */
  | 'ERR_SSH_POLICY_FAILED'
  /** A handler method (`@On`, `@Exec`, `@Shell`, `@Subsystem`) threw or its stream errored. */
  | 'ERR_SSH_HANDLER_FAILED'
  /** A channel was used after it closed, or its data could not be delivered. */
  | 'ERR_SSH_CHANNEL'
  /** The permission for a channel was taken back; the message is what its user was told. The reason of an abort signal. */
  | 'ERR_SSH_REVOKED'
  /** A public key, an authorized_keys line or a signature cannot be read. */
  | 'ERR_SSH_KEY'
  /** A password hash cannot be read, is of no known kind, or costs more than it should. Never shows the hash. */
  | 'ERR_SSH_PASSWORD_HASH'
  /** Too much waits for its turn already. */
  | 'ERR_SSH_BUSY'
  /** A recording cannot be written, or what is to be read is none; the message names file and line. */
  | 'ERR_SSH_RECORDING';

/** Two copies of this package must recognise each other's errors, so the brand is a registered symbol. */
const brand = Symbol.for('rxsshd/SshServerError');

/**
 * The one error class of this package.
 *
 * Messages name the place and a way out. They are for logs and for the developer; nothing of them is ever sent to a
 * peer, who only learns protocol reasons.
 */
export class SshServerError extends Error {
  override readonly name = 'SshServerError';
  /** What went wrong, stable across versions. */
  readonly code: SshServerErrorCode;

  constructor(code: SshServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }

  /** True for errors of any copy of this package, which `instanceof` is not. */
  static is(value: unknown): value is SshServerError {
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/** What was thrown, as the end of a sentence: anything can be thrown. */
export const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : inspect(cause));
