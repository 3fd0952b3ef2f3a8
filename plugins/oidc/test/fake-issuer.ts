import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export const ISSUER = 'https://login.example.com';
export const CLIENT_ID = 'ssh';

/** What the token endpoint answers with: an error (RFC 8628 section 3.5), a status of HTTP, claims, or silence. */
export type TokenAnswer =
  | { readonly error: string }
  | { readonly status: number }
  | { readonly claims: Readonly<Record<string, unknown>>; readonly key?: KeyObject; readonly tokens?: object }
  | 'silence';

/** One request. */
export interface IssuerCall {
  readonly path: string;
  readonly body: URLSearchParams;
  readonly headers: Headers;
  readonly signal: AbortSignal | undefined;
}

const makeKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** A key of somebody else. */
export const STRANGE_KEY = makeKey().privateKey;

const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An authorization server behind a `fetch`, which does what it is told. */
export class FakeIssuer {
  readonly calls: IssuerCall[] = [];
  /** What is not answered is still pending. The last answer stays. */
  answers: TokenAnswer[] = [{ error: 'authorization_pending' }];
  /** More of its metadata, or other. */
  metadata: object = {};
  /** More of the device authorization response, or other. */
  authorization: object = {};
  /** Paths at which nothing answers. */
  readonly silent = new Set<string>();
  /** Paths at which it is in trouble, with the status that it says so by. */
  readonly broken = new Map<string, number>();
  isActive: boolean = true;
  readonly #keys = makeKey();
  #nonce = '';
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How often something was asked for. */
  count(path: string): number {
    return this.calls.filter((call) => call.path === path).length;
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const path = new URL(url).pathname;
    const body = init.body instanceof URLSearchParams ? init.body : new URLSearchParams();
    this.calls.push({ path, body, headers: new Headers(init.headers), signal: init.signal ?? undefined });
    if (this.silent.has(path)) return silence(init.signal);
    const status = this.broken.get(path);
    if (status !== undefined) return new Response('out of order', { status });
    switch (path) {
      case '/.well-known/openid-configuration':
        return json(this.#describe());
      case '/jwks':
        return json({
          keys: [{ ...this.#keys.publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' }],
        });
      case '/device':
        this.#nonce = body.get('nonce') ?? '';
        return json({
          device_code: 'the device code',
          user_code: 'WDJB-MJHT',
          verification_uri: `${ISSUER}/activate`,
          verification_uri_complete: `${ISSUER}/activate?code=WDJB-MJHT`,
          expires_in: 1800,
          ...this.authorization,
        });
      case '/token':
        return this.#answer(init.signal);
      case '/introspect':
        return json({ active: this.isActive });
      default:
        return json({ error: 'not_found' }, 404);
    }
  };

  #describe(): object {
    return {
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/jwks`,
      token_endpoint: `${ISSUER}/token`,
      device_authorization_endpoint: `${ISSUER}/device`,
      introspection_endpoint: `${ISSUER}/introspect`,
      id_token_signing_alg_values_supported: ['ES256'],
      ...this.metadata,
    };
  }

  #answer(signal: RequestInit['signal']): Response | Promise<Response> {
    const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
    if (answer === undefined || answer === 'silence') return silence(signal);
    if ('status' in answer) return new Response('out of order', { status: answer.status });
    if ('error' in answer) return json({ ...answer, error_description: 'for the log\nof the server' }, 400);
    const now = Math.floor(this.#now() / 1000);
    const claims = {
      iss: ISSUER,
      aud: CLIENT_ID,
      sub: '1',
      iat: now,
      exp: now + 600,
      nonce: this.#nonce,
      ...answer.claims,
    };
    const signed = `${base64url({ alg: 'ES256', kid: 'one' })}.${base64url(claims)}`;
    const key = answer.key ?? this.#keys.privateKey;
    const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
    return json({
      access_token: 'the access token',
      token_type: 'Bearer',
      expires_in: 3600,
      id_token: `${signed}.${signature}`,
      ...answer.tokens,
    });
  }
}

/** Until it is given up. */
const silence = (signal: RequestInit['signal']): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
