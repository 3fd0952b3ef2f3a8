import { generateKeyPairSync, sign } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { makeCertificate, makeWireKey, type WireKey } from '../../support/certificates.js';
import { wireBytes } from '../../support/wire-bytes.js';
import { type AuthBench, authBench, FAILURE, signedBy, SUCCESS } from './auth-desk.js';
import { makeSkEd25519 } from './security-key.js';

const CERTIFICATE = 'ssh-ed25519-cert-v01@openssh.com';
const host = makeWireKey();

/** An RSA key that signs with SHA-512 (RFC 8332). */
function makeRsaKey(): WireKey {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const modulus = Buffer.concat([Buffer.of(0), Buffer.from(n, 'base64url')]);
  const exponent = Buffer.from(e, 'base64url');
  return {
    blob: wireBytes('ssh-rsa', [exponent.length], exponent, [modulus.length], modulus),
    privateKey,
    sign: (data) => {
      const raw = sign('sha512', data, privateKey);
      return wireBytes('rsa-sha2-512', [raw.length], raw);
    },
  };
}

interface Fields {
  readonly user?: string;
  readonly service?: string;
  readonly method?: string;
  readonly algorithm?: string;
  readonly blob?: Buffer;
  readonly hostName?: string;
  readonly hostUser?: string;
}

/** RFC 4252 section 9, up to the signature. */
function hostRequest(fields: Fields = {}): Buffer {
  const { user = 'ann', service = 'ssh-connection', method = 'hostbased', algorithm = 'ssh-ed25519' } = fields;
  const { blob = host.blob, hostName = 'desk.example.com.', hostUser = 'ann_b' } = fields;
  return wireBytes(50, user, service, method, algorithm, [blob.length], blob, hostName, hostUser);
}

const signed = ({ link }: AuthBench, fields: Fields = {}, signer: WireKey = host): Buffer =>
  signedBy(signer.sign, link, hostRequest(fields));

describe('a host that vouches for its user', () => {
  it('is shown with its key and names once its signature is verified', () => {
    const bench = authBench();
    bench.authentication.onMessage(signed(bench));

    expect(bench.desk.asked).toMatchObject([
      {
        user: 'ann',
        method: 'hostbased',
        stage: 'proven',
        algorithm: 'ssh-ed25519',
        clientHostName: 'desk.example.com.',
        clientUserName: 'ann_b',
        key: { blob: host.blob },
      },
    ]);
    bench.desk.say(SUCCESS);
    expect(bench.authentication.authenticated).toBe(true);
  });

  const forgeries: readonly (readonly [string, Fields])[] = [
    ['user', { user: 'root' }],
    ['service', { service: 'ssh-other' }],
    ['method', { method: 'publickey' }],
    ['algorithm', { algorithm: 'rsa-sha2-512' }],
    ['key', { blob: makeWireKey().blob }],
    ['name of the host', { hostName: 'other.example.com.' }],
    ['name of the user there', { hostUser: 'root' }],
  ];

  it.each(forgeries)('is refuted if it has signed for another %s', (_what, fields) => {
    const bench = authBench();
    const signature = host.sign(wireBytes([bench.link.sessionId.length], bench.link.sessionId, hostRequest(fields)));
    bench.authentication.onMessage(wireBytes(hostRequest(), [signature.length], signature));

    expect(bench.desk.asked).toMatchObject([{ method: 'hostbased', stage: 'refuted' }]);
    bench.desk.say(SUCCESS);
    expect(bench.authentication.authenticated).toBe(false);
    expect(bench.link.sent.map(([number]) => number)).toEqual([51]);
  });

  it('is refuted if another key has signed, or another session was signed for', () => {
    const bench = authBench();
    bench.authentication.onMessage(signed(bench, {}, makeWireKey()));
    bench.desk.say(FAILURE);
    const elsewhere = host.sign(wireBytes([1], Buffer.of(7), hostRequest()));
    bench.authentication.onMessage(wireBytes(hostRequest(), [elsewhere.length], elsewhere));

    expect(bench.desk.asked).toMatchObject([{ stage: 'refuted' }, { stage: 'refuted' }]);
  });

  it('counts as a failure when it is refused', () => {
    const bench = authBench({ maxAuthFailures: 2 });
    for (let count = 0; count < 2; count += 1) {
      bench.authentication.onMessage(signed(bench));
      bench.desk.say(FAILURE);
    }

    expect(bench.link.violations).toHaveLength(1);
  });

  it('may show a certificate of a host, and no other', () => {
    const authority = makeWireKey();
    const ofHost = makeCertificate({ key: host.blob, authority, type: 2, principals: ['desk.example.com'] });
    const ofUser = makeCertificate({ key: host.blob, authority, type: 1 });
    const bench = authBench();
    for (const blob of [ofHost, ofUser]) {
      bench.authentication.onMessage(signed(bench, { algorithm: CERTIFICATE, blob }));
      bench.desk.say(FAILURE);
    }

    expect(bench.desk.asked).toMatchObject([
      { stage: 'proven', key: { type: CERTIFICATE, certificate: { principals: ['desk.example.com'] } } },
      { method: 'other', name: 'hostbased' },
    ]);
  });

  it('cannot pass its certificate off as one of a user, even where both are shown in turn', () => {
    const blob = makeCertificate({ key: host.blob, authority: makeWireKey(), type: 2 });
    const bench = authBench();
    bench.authentication.onMessage(signed(bench, { algorithm: CERTIFICATE, blob }));
    bench.desk.say(FAILURE);
    const asUser = wireBytes(50, 'ann', 'ssh-connection', 'publickey', 1, CERTIFICATE, [blob.length], blob);
    bench.authentication.onMessage(signedBy(host.sign, bench.link, asUser));

    expect(bench.desk.asked).toMatchObject([{ method: 'hostbased' }, { method: 'other', name: 'publickey' }]);
  });

  it('has no security key: nobody is there to touch it', () => {
    const sk = makeSkEd25519();
    const bench = authBench();
    const request = hostRequest({ algorithm: sk.type, blob: sk.blob });
    bench.authentication.onMessage(signedBy((data) => sk.sign(data, { flags: 1, counter: 1 }), bench.link, request));

    expect(bench.desk.asked).toMatchObject([{ method: 'other', name: 'hostbased' }]);
  });

  it.each([
    ['the server does not offer the method', { authMethods: ['publickey', 'password'] }],
    ['its way to sign is not accepted', { publicKeySignatures: ['rsa-sha2-512'] }],
  ])('is not looked at if %s', (_why, settings) => {
    const bench = authBench();
    Object.assign(bench.desk, settings);
    bench.authentication.onMessage(signed(bench));

    expect(bench.desk.asked).toMatchObject([{ method: 'other', name: 'hostbased' }]);
  });
});

describe('the keys that a server does not want', () => {
  const authority = makeWireKey();
  const blob = makeCertificate({ key: host.blob, authority });

  const offer = (algorithm: string, key: Buffer): Buffer =>
    wireBytes(50, 'ann', 'ssh-connection', 'publickey', 0, algorithm, [key.length], key);

  it('are not even parsed where the method publickey is not offered', () => {
    const bench = authBench();
    bench.desk.authMethods = ['password', 'hostbased'];
    for (const payload of [offer('ssh-ed25519', host.blob), offer(CERTIFICATE, blob)]) {
      bench.authentication.onMessage(payload);
      bench.desk.say(FAILURE);
    }

    expect(bench.desk.asked).toMatchObject([
      { method: 'other', name: 'publickey' },
      { method: 'other', name: 'publickey' },
    ]);
  });

  it('include certificates whose authority signs in a way that is not accepted', () => {
    const ofRsa = makeCertificate({ key: host.blob, authority: makeRsaKey() });
    const asked = [['ssh-ed25519'], ['ssh-ed25519', 'rsa-sha2-512'], undefined].map((signatures) => {
      const bench = authBench();
      bench.desk.publicKeySignatures = signatures;
      bench.authentication.onMessage(offer(CERTIFICATE, ofRsa));
      return bench.desk.asked[0]?.method;
    });

    expect(asked).toEqual(['other', 'publickey', 'publickey']);
  });

  it('do not use up attempts by being offered, whether they can be read or not', () => {
    const bench = authBench({ maxAuthFailures: 1 });
    for (const payload of [offer('ssh-dss', Buffer.from('old')), offer('ssh-ed25519', host.blob)]) {
      bench.authentication.onMessage(payload);
      bench.desk.say(FAILURE);
    }

    expect(bench.link.violations).toEqual([]);
    expect(bench.link.sent.map(([number]) => number)).toEqual([51, 51]);
  });

  it('use up attempts when they sign', () => {
    const bench = authBench({ maxAuthFailures: 1 });
    const request = wireBytes(50, 'ann', 'ssh-connection', 'publickey', 1, 'ssh-dss', 'old', 'signature');
    bench.authentication.onMessage(request);
    bench.desk.say(FAILURE);

    expect(bench.link.violations).toHaveLength(1);
  });
});
