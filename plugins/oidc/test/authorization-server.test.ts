import { firstValueFrom, of } from 'rxjs';
import { consider, type SSHUserAuthRequest } from 'rxsshd';
import { authRequest, type FakeClock, fakeClock, held, policyContext } from 'rxsshd/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { IdTokenClaims, OidcDeviceFlowOptions } from '../src/flow-options.js';
import { oidcDeviceFlow } from '../src/oidc-device-flow.js';
import { AuthorizationServer, PUBLIC_CLIENT, SECRET_CLIENT } from './authorization-server.js';

/** A server starts, and makes a key, on a machine that may be busy. */
const TIMEOUT_MS = 60_000;

const MINUTE = 60_000;

describe('oidcDeviceFlow with a real authorization server', { timeout: TIMEOUT_MS }, () => {
  let clock: FakeClock;
  let server: AuthorizationServer;
  let claims: IdTokenClaims | undefined;

  beforeEach(async () => {
    clock = fakeClock(Date.now());
    server = await AuthorizationServer.start();
  });

  afterEach(async () => {
    await server[Symbol.asyncDispose]();
  });

  /** Ann, as far as what the provider knows of her is what `act` does. Five seconds, which the provider wants to wait, pass at once. */
  async function signIn(act: (userCode: string) => Promise<void>, options: Partial<OidcDeviceFlowOptions> = {}) {
    const context = policyContext({ clock });
    let userCode = '';
    const policy = oidcDeviceFlow({
      issuer: server.issuer,
      clientId: PUBLIC_CLIENT,
      scopes: ['profile', 'offline_access'],
      userOf: (it) => {
        claims = it;
        const { preferred_username: name } = it;
        return typeof name === 'string' ? name : undefined;
      },
      text: (shown) => {
        ({ userCode } = shown);
        return { instruction: '', prompt: 'Enter: ' };
      },
      ...options,
    });
    const ask = (request: SSHUserAuthRequest) => firstValueFrom(policy(of(consider(request, context))));
    const start = authRequest.keyboardInteractive('ann');
    const begun = await ask(start);
    if (begun.state === 'denied') return begun;
    await act(userCode);
    clock.advance(5_000);
    return ask({ ...authRequest.keyboardInteractiveAnswer('ann', ['']), connection: start.connection });
  }

  it.each([
    ['a public client', {}],
    ['a client with a secret', { clientId: SECRET_CLIENT.id, clientSecret: SECRET_CLIENT.secret }],
  ])('lets in who signs in there, by %s', async (_title, options) => {
    const verdict = await signIn((userCode) => server.approve(userCode, 'ann'), options);

    expect(verdict).toMatchObject({ state: 'granted', by: 'oidc' });
    expect(claims).toMatchObject({ iss: server.issuer, sub: 'ann', preferred_username: 'ann' });
  });

  it('denies who is somebody else, and who refuses', async () => {
    const [mallory, ann] = await Promise.all([
      signIn((userCode) => server.approve(userCode, 'mallory')),
      signIn((userCode) => server.refuse(userCode)),
    ]);

    expect(mallory).toMatchObject({ state: 'denied', reason: 'bad-credential' });
    expect(ann).toMatchObject({ state: 'denied', reason: 'not-approved' });
  });

  it('denies by a client that the server does not know', async () => {
    expect(await signIn(async () => undefined, { clientId: 'unknown' })).toMatchObject({
      state: 'denied',
      reason: 'policy-failed',
      cause: { code: 'ERR_OIDC_REFUSED' },
    });
  });

  it('ends the session when the server has taken the grant back', async () => {
    const verdict = await signIn((userCode) => server.approve(userCode, 'ann'), {
      clientId: SECRET_CLIENT.id,
      clientSecret: SECRET_CLIENT.secret,
      sessionEnds: 'with-grant',
      recheckMs: MINUTE,
    });
    const [lease] = verdict.state === 'granted' ? verdict.leases : [];
    if (typeof lease !== 'function') throw new Error('the lease is a function');
    const ended = firstValueFrom(lease(held({ kind: 'connection', clock })));
    await server.revokeAll();
    clock.advance(MINUTE);

    expect(await ended).toMatchObject({ reason: 'your sign-in was ended', by: 'oidc' });
  });
});
