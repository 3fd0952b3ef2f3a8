import { createRequire } from 'node:module';

import { EMPTY, firstValueFrom, of } from 'rxjs';
import { consider, createServer, generateHostKey, type Policy, type SSHUserAuthRequest } from 'rxsshd';
import { authRequest, policyContext } from 'rxsshd/testing';
import { describe, expect, it } from 'vitest';

import type { OidcDeviceFlowOptions } from '../src/flow-options.js';
import { oidcPlugin } from '../src/oidc-plugin.js';
import { FakeIssuer, ISSUER } from './fake-issuer.js';

const options: OidcDeviceFlowOptions = {
  issuer: 'https://login.example.com',
  clientId: 'ssh',
  userOf: ({ sub }) => sub,
};

describe('oidcPlugin', () => {
  it('has the name and version of its package', () => {
    const { name, version } = createRequire(import.meta.url)('../package.json') as Record<string, unknown>;

    expect(oidcPlugin(options)).toMatchObject({ name, version });
  });

  it('checks its options before a server is built', () => {
    expect(() => oidcPlugin({ ...options, clientId: '' })).toThrow(
      expect.objectContaining({ code: 'ERR_SSH_POLICY_OPTION' }),
    );
  });

  it('counts the sign-ins of each server by themselves', async () => {
    const issuer = new FakeIssuer(Date.now);
    const plugin = oidcPlugin({ ...options, issuer: ISSUER, fetch: issuer.fetch, maxPending: 1 });
    // As the container of each server makes one of its own.
    const [SignIn] = (plugin.handlers ?? []) as readonly (new () => { deviceFlow: Policy<SSHUserAuthRequest> })[];
    const context = policyContext();
    const begin = async (server: { deviceFlow: Policy<SSHUserAuthRequest> } | undefined, from: string) => {
      const verdict = consider<SSHUserAuthRequest>(authRequest.keyboardInteractive('ann', { from }), context);
      return (await firstValueFrom(of(verdict).pipe((verdict$) => server?.deviceFlow(verdict$) ?? EMPTY))).state;
    };
    const [one, other] = SignIn === undefined ? [] : [new SignIn(), new SignIn()];

    expect(await begin(one, '192.0.2.7')).toBe('granted');
    expect(await begin(one, '192.0.2.8')).toBe('denied');
    expect(await begin(other, '192.0.2.8')).toBe('granted');
    context.retire();
  });

  it('adds its policy to those that authenticate', async () => {
    const { hostKey } = await generateHostKey('ssh-ed25519');
    const server = await createServer({
      hostKeys: [hostKey],
      plugins: [oidcPlugin(options)],
      onWarning: () => undefined,
    });

    expect(server.describe()).toContainEqual({
      request: 'SSHUserAuthRequest',
      phase: 'authenticate',
      source: 'OidcSignIn.deviceFlow',
    });
    await server.shutdown({ graceMs: 0 });
  });
});
