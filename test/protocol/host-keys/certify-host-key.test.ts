import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { certifyHostKey, createServer, generateHostKey, type HostKey, SshServerError } from '../../../src/index.js';
import { fakeClock } from '../../../src/testing/fakes/fake-clock.js';
import { type CertificateContent, makeCertificate, makeWireKey } from '../../support/certificates.js';

const { hostKey } = await generateHostKey();
const authority = makeWireKey();
const HOST = 2;

const certificate = (more: Partial<CertificateContent> = {}): Buffer =>
  makeCertificate({
    key: hostKey.publicBlob,
    authority,
    type: HOST,
    keyId: 'web 1',
    principals: ['web1.example.com'],
    ...more,
  });

function refusal(blob: Uint8Array, key: HostKey = hostKey): string {
  try {
    certifyHostKey(key, blob, { source: 'host certificate x' });
  } catch (error) {
    if (!SshServerError.is(error)) throw error;
    expect(error.code).toBe('ERR_SSH_HOST_KEY');
    expect(error.message).toMatch(/^host certificate x: /u);
    return error.message;
  }
  throw new Error('the certificate was accepted');
}

describe('a certificate of a host key', () => {
  it('comes with the key, and tells what the authority says', () => {
    const blob = certificate({ serial: 7n, validAfter: 100n, validBefore: 200n });
    const certified = certifyHostKey(hostKey, blob);
    const line = certifyHostKey(hostKey, `ssh-ed25519-cert-v01@openssh.com ${blob.toString('base64')} a comment\n`);

    expect(certified).toMatchObject({ fingerprint: hostKey.fingerprint, publicBlob: hostKey.publicBlob });
    expect(certified.certificate).toEqual({
      blob,
      keyId: 'web 1',
      serial: '7',
      principals: ['web1.example.com'],
      validAfter: 100_000,
      validBefore: 200_000,
    });
    expect(line.certificate).toEqual(certified.certificate);
    expect(hostKey.certificate).toBeUndefined();
  });

  it.each([
    ['of a user', certificate({ type: 1 }), 'the certificate is none of a host'],
    ['for another key', certificate({ key: makeWireKey().blob }), 'the certificate is for another key than SHA256:'],
    ['signed by somebody else', certificate({ authorityBlob: makeWireKey().blob }), 'the signature of the certificate'],
    [
      'with a critical option',
      certificate({ criticalOptions: { 'force-command': 'true' } }),
      'the certificate has the critical option "force-command", which hosts have not',
    ],
    ['that is a plain key', hostKey.publicBlob, 'this is no certificate of a supported type'],
    ['that is nothing', Buffer.alloc(0), 'this is no certificate'],
  ])('%s is refused', (_, blob, message) => {
    expect(refusal(blob)).toContain(message);
  });

  it('with a bit flipped or a piece missing is refused', () => {
    const whole = certificate();
    fc.assert(
      fc.property(fc.nat({ max: whole.length * 8 - 1 }), fc.boolean(), (bit, isCut) => {
        const damaged = Buffer.from(isCut ? whole.subarray(0, bit >> 3) : whole);
        if (!isCut) damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        refusal(damaged);
      }),
    );
  });
});

describe('a server with a certificate that is valid for a while', () => {
  it('warns outside of that time, once', async () => {
    const warnings: string[] = [];
    const clock = fakeClock(50_000);
    const certified = certifyHostKey(hostKey, certificate({ validAfter: 100n, validBefore: 200n }));
    const server = await createServer({ hostKeys: [certified], clock, onWarning: (it) => warnings.push(it) });
    const ofCertificate = (): readonly string[] => warnings.filter((it) => it.includes('certificate'));
    expect(ofCertificate()).toEqual([
      `the certificate "web 1" of the host key ${hostKey.fingerprint} is not valid before 1970-01-01T00:01:40.000Z, so it is not shown.`,
    ]);

    clock.advance(100_000);
    server.replaceHostKeys([certified]);
    expect(ofCertificate()).toHaveLength(1);

    clock.advance(50_000);
    server.replaceHostKeys([certified]);
    expect(ofCertificate()[1]).toContain('has expired on 1970-01-01T00:03:20.000Z, so it is not shown.');
    await server.shutdown();
  });
});
