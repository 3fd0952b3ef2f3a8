import { inspect } from 'node:util';

import type { IDToken } from 'oauth4webapi';
import type { Observable } from 'rxjs';
import { type ClockOption, type PolicyOptions, Secret, SshServerError } from 'rxsshd';

import { isSafeUrl } from './safe-url.js';
import { type FlowText, type ShownCode, usualText } from './flow-text.js';

/** The claims of an ID token that was verified (OpenID Connect Core section 2). */
export type IdTokenClaims = IDToken;

/** What a callback may answer with: a value at once, or one to come. Of an Observable the first value counts. */
export type Answer<T> = T | PromiseLike<T> | Observable<T>;

/** Options of `oidcDeviceFlow`. */
export interface OidcDeviceFlowOptions extends PolicyOptions, ClockOption {
  /** Who issues the tokens: the URL under which `/.well-known/openid-configuration` is found. `https`, except on this machine. */
  readonly issuer: string;
  /** The client that the authorization server knows this SSH server by. */
  readonly clientId: string;
  /** The client's secret. Default none: a public client, as devices usually are. */
  readonly clientSecret?: string;
  /** How the secret is sent. Default `basic`: in the header `Authorization`. */
  readonly clientAuthentication?: 'basic' | 'post';
  /** What is asked for, beside `openid`. Default nothing. */
  readonly scopes?: readonly string[];
  /** More parameters of the device authorization request: `acr_values`, `audience`. Default none. */
  readonly parameters?: Readonly<Record<string, string>>;
  /**
   * Tells which users of this server somebody is: one name, several, or undefined for nobody. The user who was asked for has to be
   * among them, to the letter. Use claims that people cannot choose, and check `email_verified` before you rely on `email`.
   */
  readonly userOf: (claims: IdTokenClaims) => Answer<string | readonly string[] | undefined>;
  /** What users read. Default a text in English with address and code. */
  readonly text?: (shown: ShownCode) => FlowText;
  /** How long somebody may take to sign in, in milliseconds; less if the code ends before. Default 300 000. */
  readonly deadlineMs?: number;
  /** How long the authorization server may take to answer once, in milliseconds. Default 10 000. */
  readonly requestTimeoutMs?: number;
  /** Sign-ins under way at once. Integer, at least 1. Default 100. */
  readonly maxPending?: number;
  /** Sign-ins under way at once from one address, or from one IPv6 network of 64 bits. Integer, at least 1. Default 3. */
  readonly maxPendingPerSource?: number;
  /**
   * When a session ends: with its connection (default); with the access token, when that runs out; or `with-grant`, as soon as the
   * authorization server says of the refresh token, or of the access token if there is none, that it is not active any more.
   */
  readonly sessionEnds?: 'with-connection' | 'with-token' | 'with-grant';
  /** How often `with-grant` asks, in milliseconds. Default 300 000. */
  readonly recheckMs?: number;
  /**
   * How long a session goes on `with-grant` while the authorization server cannot be asked, in milliseconds since it was asked with
   * success. At least `recheckMs`; `Infinity` for as long as it takes. Default three times `recheckMs`.
   */
  readonly maxUnconfirmedMs?: number;
  /** How long a program may still work once the user was told of the end, in milliseconds. 0 to 86 400 000. Default 0. */
  readonly graceMs?: number;
  /** How requests are made, such as through a proxy. Default the `fetch` of Node. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** The options, complete. */
export interface ReadOptions extends Required<
  Omit<OidcDeviceFlowOptions, 'name' | 'issuer' | 'clientSecret' | 'clock' | 'scopes'>
> {
  readonly by: string;
  readonly issuer: URL;
  readonly clientSecret: Secret | undefined;
  /** As one parameter, with `openid`. */
  readonly scope: string;
  readonly clock: OidcDeviceFlowOptions['clock'];
}

/** What the timers of Node can wait for, in milliseconds. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/**
 * Checks the options and fills in defaults.
 *
 * @throws SshServerError `ERR_SSH_POLICY_OPTION` for the first that is wrong
 */
export function readOptions(options: OidcDeviceFlowOptions): ReadOptions {
  const {
    name = 'oidc',
    clientId,
    clientSecret,
    clientAuthentication = 'basic',
    scopes = [],
    parameters = {},
  } = options;
  const { userOf, text = usualText, sessionEnds = 'with-connection', clock, fetch = globalThis.fetch } = options;
  const { deadlineMs = 300_000, requestTimeoutMs = 10_000, recheckMs = 300_000, graceMs = 0 } = options;
  const { maxPending = 100, maxPendingPerSource = 3, maxUnconfirmedMs = 3 * recheckMs } = options;
  for (const [option, value] of Object.entries({ name, clientId })) {
    if (typeof value !== 'string' || value.trim() === '') throw wrong(option, 'must be a text', value);
  }
  // Not shown: a secret of the wrong type is a secret all the same.
  if (clientSecret !== undefined && (typeof clientSecret !== 'string' || clientSecret === '')) {
    throw wrong('clientSecret', 'must be a text', typeof clientSecret);
  }
  requireChoice('clientAuthentication', clientAuthentication, ['basic', 'post']);
  requireChoice('sessionEnds', sessionEnds, ['with-connection', 'with-token', 'with-grant']);
  if (!isScopeList(scopes)) {
    throw wrong('scopes', 'must be a list of scopes (RFC 6749 section 3.3)', scopes);
  }
  for (const [option, value] of Object.entries({ userOf, text, fetch })) {
    if (typeof value !== 'function') throw wrong(option, 'must be a function', value);
  }
  for (const [option, value] of Object.entries({ deadlineMs, requestTimeoutMs, recheckMs })) {
    if (!(value > 0 && value <= LONGEST_WAIT_MS)) throw wrong(option, 'must be above 0 and below 2^31', value);
  }
  for (const [option, value] of Object.entries({ maxPending, maxPendingPerSource })) {
    if (!Number.isSafeInteger(value) || value < 1) throw wrong(option, 'must be an integer of at least 1', value);
  }
  if (!(maxUnconfirmedMs >= recheckMs)) throw wrong('maxUnconfirmedMs', 'must be at least recheckMs', maxUnconfirmedMs);
  if (!(graceMs >= 0 && graceMs <= 86_400_000)) throw wrong('graceMs', 'must be from 0 to 86400000', graceMs);
  return {
    by: name,
    issuer: readIssuer(options.issuer),
    clientSecret: clientSecret === undefined ? undefined : new Secret(clientSecret),
    scope: [...new Set(['openid', ...scopes])].join(' '),
    parameters: { ...parameters },
    ...{ clientId, clientAuthentication, userOf, text, sessionEnds, clock, fetch },
    ...{ deadlineMs, requestTimeoutMs, recheckMs, maxPending, maxPendingPerSource, maxUnconfirmedMs, graceMs },
  };
}

/** RFC 6749 section 3.3. */
const isScopeList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((scope) => typeof scope === 'string' && /^[!#-[\]-~]+$/.test(scope));

function readIssuer(text: unknown): URL {
  const rule = 'must be a URL that begins with https://, or names this machine, and has no user, query or fragment';
  if (typeof text !== 'string' || !URL.canParse(text)) throw wrong('issuer', rule, text);
  const url = new URL(text);
  const { username, password, search, hash } = url;
  if (username !== '' || password !== '') throw wrong('issuer', rule, 'one with a user');
  if (search !== '' || hash !== '' || !isSafeUrl(url)) throw wrong('issuer', rule, text);
  return url;
}

function requireChoice(option: string, value: unknown, choices: readonly string[]): void {
  if (choices.some((choice) => choice === value)) return;
  throw wrong(option, `must be ${choices.map((choice) => `'${choice}'`).join(' or ')}`, value);
}

const wrong = (option: string, rule: string, value: unknown): SshServerError =>
  new SshServerError('ERR_SSH_POLICY_OPTION', `oidcDeviceFlow: ${option} ${rule}, got ${inspect(value, { depth: 0 })}`);
