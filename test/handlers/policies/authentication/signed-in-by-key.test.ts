import { describe, expect, it } from 'vitest';

import { decide, exec, grantCertificate, grantPublicKey, revokedKeys } from '../../../../src/index.js';
import { authRequest, channelRequest, simulate } from '../../../../src/testing/index.js';
import { type CertificateContent, makeCertificate, makeWireKey } from '../../../support/certificates.js';
import { makeSkEd25519 } from '../../../protocol/authentication/security-key.js';
import { authKeyOf, lineOf } from '../keys.js';

const authority = makeWireKey();
const user = makeWireKey();
const authorities = lineOf(authKeyOf(authority.blob));
const certificate = (content: Partial<CertificateContent> = {}): string =>
  lineOf(authKeyOf(makeCertificate({ key: user.blob, authority, ...content })));

const x = channelRequest.exec('hello');
const hello = exec('hello', async (session) => {
  await session.write(`hello ${session.environment.get('SSH_ORIGINAL_COMMAND') ?? ''}`);
  await new Promise((resolve) => setTimeout(resolve, 3_600_000));
});

describe('somebody who has signed in by a certificate', () => {
  it('is cut off when it ends', async () => {
    await using simulation = await simulate({
      handlers: [decide('SSHUserAuthRequest', grantCertificate({ authorities })), hello],
    });
    const start = Math.floor(simulation.clock.now() / 1000);
    const p = authRequest.provenKey('ann', certificate({ validBefore: BigInt(start + 60) }));
    const ann = simulation.client('192.0.2.7', 'cpsx', { p, x });
    await simulation.run('2m');

    const { outcome, atMs = 0 } = ann.outcomes.at(-1) ?? {};
    expect(outcome).toBe('disconnected');
    // Certificates know whole seconds.
    expect(atMs).toBeGreaterThan(58_000);
    expect(atMs).toBeLessThanOrEqual(60_000);
  });

  it('gets the command of the certificate, and no terminal', async () => {
    await using simulation = await simulate({
      handlers: [decide('SSHUserAuthRequest', grantCertificate({ authorities })), hello],
    });
    const p = authRequest.provenKey('ann', certificate({ criticalOptions: { 'force-command': 'hello' } }));
    const t = channelRequest.pty();
    const ann = simulation.client('192.0.2.7', 'cpstx', { p, t, x: channelRequest.exec('reboot') });
    await simulation.run();

    expect(ann.stdout).toContain('hello reboot');
    expect(ann.outcomes.map(({ outcome }) => outcome)).toEqual(['connected', 'granted', 'opened', 'failed', 'done']);
  });

  it('is kept out once the key of the authority is revoked', async () => {
    await using simulation = await simulate({
      policies: {
        SSHUserAuthRequest: [grantCertificate({ authorities }), revokedKeys(authKeyOf(authority.blob).fingerprint)],
      },
    });
    const p = authRequest.provenKey('ann', certificate());
    const ann = simulation.client('192.0.2.7', 'cp', { p });
    simulation.expectClient(ann).toBe('cd');
    await simulation.run();
  });
});

describe('somebody with a security key', () => {
  const line = lineOf(authKeyOf(makeSkEd25519().blob));

  it.each([
    ['cg', authRequest.provenKey('ann', line)],
    ['cd', authRequest.provenKey('ann', line, { securityKey: { touched: false, userVerified: true, counter: 1 } })],
  ])('has to touch it: %s', async (expected, p) => {
    await using simulation = await simulate({ policies: { SSHUserAuthRequest: [grantPublicKey(line)] } });
    const ann = simulation.client('192.0.2.7', 'cp', { p });
    simulation.expectClient(ann).toBe(expected);
    await simulation.run();
  });
});
