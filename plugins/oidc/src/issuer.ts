import * as oauth from 'oauth4webapi';
import { firstValueFrom, Observable, throwError, timeout } from 'rxjs';
import { type Clock, Secret } from 'rxsshd';

import { type DeviceAuthorization, readDeviceAuthorization } from './device-authorization.js';
import { failure } from './failure.js';
import type { IdTokenClaims, ReadOptions } from './flow-options.js';
import { OidcError } from './oidc-error.js';
import { isSafeUrl } from './safe-url.js';

/** What somebody has signed in with. */
export interface Tokens {
  readonly claims: IdTokenClaims;
  /** The token that stands for the grant: the refresh token, or the access token if there is none. */
  readonly grantToken: Secret;
  /** When the access token runs out, in milliseconds of the clock. */
  readonly expiresAt: number;
}

/** How long what an authorization server says of itself is believed, in milliseconds; its keys as well. */
const METADATA_MS = 3_600_000;

/** What a token request may be answered with as long as, or because, nobody has signed in (RFC 8628 section 3.5). */
const REFUSALS = ['authorization_pending', 'slow_down', 'access_denied', 'expired_token'] as const;

/** See {@link REFUSALS}. */
export type PollRefusal = (typeof REFUSALS)[number];

/** Of the requests that are made here. */
type Body = URLSearchParams | undefined;

/** An authorization server, as far as the device flow needs it. All of its errors are {@link OidcError}s. */
export class Issuer {
  readonly #options: ReadOptions;
  readonly #authentication: oauth.ClientAuth;
  #metadata: { readonly until: number; readonly server: Promise<oauth.AuthorizationServer> } | undefined;

  constructor(options: ReadOptions) {
    this.#options = options;
    const { clientSecret, clientAuthentication } = options;
    if (clientSecret === undefined) this.#authentication = oauth.None();
    else if (clientAuthentication === 'post') this.#authentication = oauth.ClientSecretPost(clientSecret.expose());
    else this.#authentication = oauth.ClientSecretBasic(clientSecret.expose());
  }

  /** Begins a sign-in. Cold: each subscription begins another one. */
  authorize(clock: Clock): Observable<DeviceAuthorization> {
    return this.#inTime(clock, 'the device authorization', async (signal) => {
      const server = await this.#server(clock);
      if (this.#options.sessionEnds === 'with-grant' && server.introspection_endpoint === undefined) {
        throw new OidcError('ERR_OIDC_REFUSED', 'the authorization server has no introspection_endpoint');
      }
      const nonce = oauth.generateRandomNonce();
      const response = await oauth.deviceAuthorizationRequest(
        server,
        this.#client(clock),
        this.#authentication,
        { ...this.#options.parameters, scope: this.#options.scope, nonce },
        this.#http(signal),
      );
      return readDeviceAuthorization(
        await oauth.processDeviceAuthorizationResponse(server, this.#client(clock), response),
        nonce,
      );
    });
  }

  /** Asks once whether somebody has signed in. Cold. The answer has been verified. */
  poll(clock: Clock, { deviceCode, nonce }: DeviceAuthorization): Observable<Tokens | PollRefusal> {
    return this.#inTime(clock, 'the token request', async (signal) => {
      const server = await this.#server(clock);
      const client = this.#client(clock);
      const http = this.#http(signal);
      const code = deviceCode.expose();
      const response = await oauth.deviceCodeGrantRequest(server, client, this.#authentication, code, http);
      const answer = await oauth.processDeviceCodeResponse(server, client, response).catch(refusalIn);
      if (typeof answer === 'string') return answer;
      const claims = oauth.getValidatedIdTokenClaims(answer);
      if (claims === undefined)
        throw new OidcError('ERR_OIDC_INVALID', 'the token request was answered without an ID token');
      // The connection was verified, if it has left this machine. The signature holds even where somebody ends TLS in between.
      await oauth.validateApplicationLevelSignature(server, response, http);
      if (claims.nonce !== undefined && claims.nonce !== nonce) {
        throw new OidcError('ERR_OIDC_INVALID', 'the ID token was made for another sign-in');
      }
      const { access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn } = answer;
      return {
        claims,
        grantToken: new Secret(refreshToken ?? accessToken),
        expiresAt: expiresIn === undefined ? claims.exp * 1000 : clock.now() + expiresIn * 1000,
      };
    });
  }

  /** Asks whether a token is still good (RFC 7662). Cold. */
  isActive(clock: Clock, token: Secret): Observable<boolean> {
    return this.#inTime(clock, 'the introspection', async (signal) => {
      const server = await this.#server(clock);
      const client = this.#client(clock);
      const http = this.#http(signal);
      const response = await oauth.introspectionRequest(server, client, this.#authentication, token.expose(), http);
      const { active } = await oauth.processIntrospectionResponse(server, client, response);
      return active;
    });
  }

  /** What the server says of itself: asked for once an hour, and by nobody while it is being asked for. */
  #server(clock: Clock): Promise<oauth.AuthorizationServer> {
    const { issuer } = this.#options;
    if (this.#metadata !== undefined && clock.now() < this.#metadata.until) return this.#metadata.server;
    // Not given up with the sign-in that asks first, since others may wait for it as well.
    const discovery$ = this.#inTime(clock, 'the discovery', async (signal) =>
      oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, this.#http(signal))),
    );
    const metadata = { until: clock.now() + METADATA_MS, server: firstValueFrom(discovery$) };
    this.#metadata = metadata;
    metadata.server.catch(() => {
      if (this.#metadata === metadata) this.#metadata = undefined;
    });
    return metadata.server;
  }

  /** Tokens are judged by the clock of the policy. */
  #client(clock: Clock): oauth.Client {
    const skew = Math.floor(clock.now() / 1000) - Math.floor(Date.now() / 1000);
    return { client_id: this.#options.clientId, [oauth.clockSkew]: skew, [oauth.clockTolerance]: 30 };
  }

  #http(signal: AbortSignal) {
    const { fetch, issuer } = this.#options;
    return {
      signal,
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- it is marked so as to be seen; below, this machine alone is allowed
      [oauth.allowInsecureRequests]: issuer.protocol === 'http:',
      [oauth.customFetch]: async (url: string, init: oauth.CustomFetchOptions<string, Body>): Promise<Response> => {
        if (!isSafeUrl(new URL(url))) throw new OidcError('ERR_OIDC_INVALID', 'an endpoint of the server is not https');
        const response = await fetch(url, { ...init, body: init.body ?? null });
        // Whatever the body says, it is not about what was asked.
        if (response.status < 500 && response.status !== 429) return response;
        throw new OidcError(
          'ERR_OIDC_AWAY',
          `the authorization server answered with status ${String(response.status)}`,
        );
      },
    };
  }

  /** `work` as an Observable, given up when it is unsubscribed, and when it takes too long. */
  #inTime<T>(clock: Clock, step: string, work: (signal: AbortSignal) => Promise<T>): Observable<T> {
    const { requestTimeoutMs } = this.#options;
    return new Observable<T>((subscriber) => {
      const controller = new AbortController();
      work(controller.signal).then(
        (value) => {
          subscriber.next(value);
          subscriber.complete();
        },
        (cause: unknown) => {
          subscriber.error(failure(step, cause));
        },
      );
      return () => {
        controller.abort();
      };
    }).pipe(
      timeout({
        first: requestTimeoutMs,
        scheduler: clock.scheduler,
        with: () =>
          throwError(() => new OidcError('ERR_OIDC_TIMEOUT', `${step} took more than ${String(requestTimeoutMs)} ms`)),
      }),
    );
  }
}

/** The refusal that an error stands for; any other error goes on. */
function refusalIn(cause: unknown): PollRefusal {
  const refusal = cause instanceof oauth.ResponseBodyError && REFUSALS.find((it) => it === cause.error);
  if (refusal === false || refusal === undefined) throw cause;
  return refusal;
}
