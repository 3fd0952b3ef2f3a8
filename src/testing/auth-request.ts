import { SshServerError } from '../errors.js';
import { parseAuthorizedKeys } from '../protocol/authentication/authorized-keys.js';
import { isCertificateType } from '../protocol/authentication/certificate-type.js';
import type { CertificateHolder } from '../protocol/authentication/read-certificate.js';
import type { SecurityKeyUse } from '../protocol/authentication/security-key-use.js';
import { parseUserKey } from '../protocol/authentication/user-key.js';
import { authKeyOf } from '../streams/auth-request.js';
import type {
  AuthKey,
  KeyboardInteractiveAnswer,
  KeyboardInteractiveStart,
  NoneAuthRequest,
  OfferedKeyAuthRequest,
  PasswordAuthRequest,
  ProvenHostAuthRequest,
  ProvenKeyAuthRequest,
  RefutedHostAuthRequest,
  RefutedKeyAuthRequest,
  UnknownMethodAuthRequest,
} from '../streams/events/ssh-user-auth-request.js';
import type { PassedStep } from '../streams/requirements/passed-step.js';
import { Secret } from '../streams/secret.js';
import { connectionOf, type RequestOrigin } from './request-origin.js';

/** What the builders of {@link authRequest} can be told besides. */
export interface AuthRequestOptions extends RequestOrigin {
  /** How many authentication requests the connection has sent, this one included. Default 1. */
  readonly ordinal?: number;
  /** The steps that the user has passed before, where a sign-in takes several. Default none. */
  readonly passed?: readonly PassedStep[];
}

/** What the builders of requests with a public key can be told besides. */
export interface KeyRequestOptions extends AuthRequestOptions {
  /** The signature algorithm the client names. Default the key's type, `rsa-sha2-512` for an RSA key (RFC 8332). */
  readonly algorithm?: string;
}

/** What the builder of a proof can be told besides. */
export interface ProofRequestOptions extends KeyRequestOptions {
  /** What a security key says of its signature. Default for one that it was touched, and nothing for other keys. */
  readonly securityKey?: SecurityKeyUse;
}

/** What the builder of an answer can be told besides. */
export interface AnswerOptions extends AuthRequestOptions {
  /** Which challenge of the attempt is answered. Default 1, the first. */
  readonly round?: number;
}

/** What the builders of requests for which a host vouches can be told besides. */
export interface HostRequestOptions extends KeyRequestOptions {
  /** What the client says its host is called. Default `desk.example.com.`, with the dot that OpenSSH puts behind it. */
  readonly hostName?: string;
  /** What the user is called on that host. Default the name of the user. */
  readonly hostUser?: string;
}

const common = (user: string, options: AuthRequestOptions) =>
  ({
    type: 'SSHUserAuthRequest',
    connection: connectionOf(options),
    user,
    service: 'ssh-connection',
    ordinal: options.ordinal ?? 1,
    ...(options.passed === undefined ? {} : { passed: options.passed }),
  }) as const;

const withKey = (user: string, publicKeyLine: string, options: KeyRequestOptions) => {
  const key = keyOf(publicKeyLine, 'user');
  return { ...common(user, options), method: 'publickey', algorithm: algorithmOf(key, options), key } as const;
};

const withHost = (user: string, publicKeyLine: string, options: HostRequestOptions) => {
  const key = keyOf(publicKeyLine, 'host');
  const { hostName: clientHostName = 'desk.example.com.', hostUser: clientUserName = user } = options;
  const algorithm = algorithmOf(key, options);
  return { ...common(user, options), method: 'hostbased', algorithm, key, clientHostName, clientUserName } as const;
};

const algorithmOf = (key: AuthKey, { algorithm }: KeyRequestOptions): string =>
  algorithm ?? key.type.replace(/^ssh-rsa(?=$|-cert)/, 'rsa-sha2-512');

/**
 * Builds authentication requests as a server would see them (RFC 4252, RFC 4256).
 *
 * A key is given as the line of a `.pub` file or of an authorized_keys file, a certificate as that of a `-cert.pub` file.
 *
 * @example
 * ```ts
 * const guess = authRequest.password('root', 'guess', { from: '203.0.113.7' });
 * ```
 *
 * @throws SshServerError `ERR_SSH_KEY`, from the builders that take a key, if the line holds none or more than one.
 */
export const authRequest = {
  /** The first probe of most clients (RFC 4252 section 5.2). */
  none: (user: string, options: AuthRequestOptions = {}): NoneAuthRequest => ({
    ...common(user, options),
    method: 'none',
  }),

  /** A password (RFC 4252 section 8). */
  password: (user: string, password: string, options: AuthRequestOptions = {}): PasswordAuthRequest => ({
    ...common(user, options),
    method: 'password',
    password: new Secret(password),
  }),

  /** A password and the new one that is to replace it, after the server has asked for that (RFC 4252 section 8). */
  passwordChange: (
    user: string,
    password: string,
    newPassword: string,
    options: AuthRequestOptions = {},
  ): PasswordAuthRequest => ({
    ...common(user, options),
    method: 'password',
    password: new Secret(password),
    newPassword: new Secret(newPassword),
  }),

  /** A key that the client asks about and proves nothing with (RFC 4252 section 7). */
  offeredKey: (user: string, publicKeyLine: string, options: KeyRequestOptions = {}): OfferedKeyAuthRequest => ({
    ...withKey(user, publicKeyLine, options),
    stage: 'offered',
  }),

  /** A key whose signature was verified. */
  provenKey: (user: string, publicKeyLine: string, options: ProofRequestOptions = {}): ProvenKeyAuthRequest => {
    const content = withKey(user, publicKeyLine, options);
    const securityKey = options.securityKey ?? (content.key.application === undefined ? undefined : TOUCHED);
    return { ...content, stage: 'proven', ...(securityKey === undefined ? {} : { securityKey }) };
  },

  /** A key with a wrong signature. */
  refutedKey: (user: string, publicKeyLine: string, options: KeyRequestOptions = {}): RefutedKeyAuthRequest => ({
    ...withKey(user, publicKeyLine, options),
    stage: 'refuted',
  }),

  /** A client that is ready for questions (RFC 4256 section 3.1). */
  keyboardInteractive: (user: string, options: AuthRequestOptions = {}): KeyboardInteractiveStart => ({
    ...common(user, options),
    method: 'keyboard-interactive',
    stage: 'started',
    submethods: [],
  }),

  /** The answers to a challenge, in the order of its prompts (RFC 4256 section 3.4). */
  keyboardInteractiveAnswer: (
    user: string,
    answers: readonly string[],
    options: AnswerOptions = {},
  ): KeyboardInteractiveAnswer => ({
    ...common(user, options),
    method: 'keyboard-interactive',
    stage: 'answered',
    round: options.round ?? 1,
    answers: answers.map((answer) => new Secret(answer)),
  }),

  /** A user for whom the key of the client's host has signed (RFC 4252 section 9). */
  provenHost: (user: string, publicKeyLine: string, options: HostRequestOptions = {}): ProvenHostAuthRequest => ({
    ...withHost(user, publicKeyLine, options),
    stage: 'proven',
  }),

  /** As {@link authRequest.provenHost}, with a wrong signature. */
  refutedHost: (user: string, publicKeyLine: string, options: HostRequestOptions = {}): RefutedHostAuthRequest => ({
    ...withHost(user, publicKeyLine, options),
    stage: 'refuted',
  }),

  /** A method that the server does not know, such as `gssapi-with-mic`. */
  unknownMethod: (user: string, name: string, options: AuthRequestOptions = {}): UnknownMethodAuthRequest => ({
    ...common(user, options),
    method: 'other',
    name,
  }),
} as const;

const TOUCHED: SecurityKeyUse = { touched: true, userVerified: false, counter: 0 };

function keyOf(publicKeyLine: string, holder: CertificateHolder): AuthKey {
  const [type = '', base64 = ''] = publicKeyLine.trim().split(/\s+/);
  if (isCertificateType(type)) {
    const certified = parseUserKey(Buffer.from(base64, 'base64'), { holder });
    if (certified?.type === type) return authKeyOf(certified);
    throw new SshServerError('ERR_SSH_KEY', 'authRequest: the certificate is malformed, or its signature is wrong');
  }
  const { entries, problems } = parseAuthorizedKeys(publicKeyLine);
  const [entry, ...others] = entries;
  const [problem] = problems;
  if (entry === undefined || others.length > 0 || problem !== undefined) {
    const fault = problem?.message ?? `it holds ${String(entries.length)} keys`;
    throw new SshServerError(
      'ERR_SSH_KEY',
      `authRequest: give the line of one public key, as in a .pub file: ${fault}`,
    );
  }
  return authKeyOf(entry.publicKey);
}
