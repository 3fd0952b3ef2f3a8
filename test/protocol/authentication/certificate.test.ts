import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { certificateNameOf, certifiedTypeOf } from '../../../src/protocol/authentication/certificate-type.js';
import { readCertificate } from '../../../src/protocol/authentication/read-certificate.js';
import { readPublicKey } from '../../../src/protocol/authentication/public-key.js';
import { parseUserKey, plainKeyOf } from '../../../src/protocol/authentication/user-key.js';
import { fingerprintOf } from '../../../src/transport/host-keys/fingerprint.js';
import { WireReader } from '../../../src/transport/wire/wire-reader.js';
import { WireWriter } from '../../../src/transport/wire/wire-writer.js';
import { type CertificateContent, makeCertificate, makeWireKey } from '../../support/certificates.js';
import { KeyFolder, kinds, openssh } from '../../transport/host-keys/ssh-keygen.js';
import { makeSkEcdsa, makeSkEd25519 } from './security-key.js';

const run = promisify(execFile);

const authority = makeWireKey();
const user = makeWireKey();
const make = (content: Partial<CertificateContent> = {}): Buffer =>
  makeCertificate({ key: user.blob, authority, ...content });

const read = (blob: Uint8Array) => {
  const reading = readCertificate(blob);
  expect('key' in reading).toBe(parseUserKey(blob) !== undefined);
  return reading;
};
const certificateOf = (blob: Uint8Array) => {
  const reading = read(blob);
  return 'key' in reading ? reading.key.certificate : reading.fault;
};
const faultOf = (blob: Uint8Array): string | undefined => {
  const reading = read(blob);
  return 'fault' in reading ? reading.fault : undefined;
};

/** Signs the public key at `path` with the authority at `ca`, and gives the certificate. */
async function signed(path: string, ca: string, ...options: readonly string[]): Promise<Buffer> {
  await run(openssh.path('ssh-keygen'), ['-q', '-s', ca, ...options, `${path}.pub`]);
  const [, base64 = ''] = (await readFile(`${path}-cert.pub`, 'utf8')).split(' ');
  return Buffer.from(base64, 'base64');
}

describe.skipIf(openssh.missing.length > 0)(openssh.title('certificates of ssh-keygen'), () => {
  it.each(kinds)('one for a $type key, by an authority of the same kind, is read', async ({ options, bits, type }) => {
    await using folder = await KeyFolder.make();
    const [path, ca] = await Promise.all([folder.keygen('key', ...options), folder.keygen('ca', ...options)]);
    const blob = await signed(path, ca, '-I', 'ann of desk 7', '-n', 'ann,bob', '-z', '18446744073709551615');

    const key = parseUserKey(blob);

    expect(key).toMatchObject({
      type: certificateNameOf(type),
      bits,
      blob,
      fingerprint: await folder.fingerprint(path),
      publicKey: { type, blob: await folder.blob(path) },
      certificate: {
        serial: '18446744073709551615',
        keyId: 'ann of desk 7',
        principals: ['ann', 'bob'],
        validAfter: 0,
        criticalOptions: [],
        extensions: ['X11-forwarding', 'agent-forwarding', 'port-forwarding', 'pty', 'user-rc'].map((what) => ({
          name: `permit-${what}`,
          value: '',
        })),
        authority: { type, blob: await folder.blob(ca), fingerprint: await folder.fingerprint(ca) },
        publicKey: await folder.blob(path),
      },
    });
    expect(key === undefined ? undefined : plainKeyOf(key).blob).toEqual(await folder.blob(path));
  });

  it('options and times are read as they were given', async () => {
    await using folder = await KeyFolder.make();
    const [path, ca] = await Promise.all([folder.keygen('key', '-t', 'ed25519'), folder.keygen('ca', '-t', 'ed25519')]);
    const blob = await signed(
      path,
      ca,
      ...['-I', 'x', '-n', 'ann', '-V', '20300102030405:20310102030405'],
      ...['-O', 'clear', '-O', 'force-command=echo "a b"', '-O', 'source-address=192.0.2.0/24,2001:db8::/32'],
      ...['-O', 'permit-pty', '-O', 'critical:newest@example.com=1', '-O', 'extension:login@example.com=ann'],
      ...['-O', 'verify-required'],
    );

    expect(certificateOf(blob)).toMatchObject({
      validAfter: new Date(2030, 0, 2, 3, 4, 5).getTime(),
      validBefore: new Date(2031, 0, 2, 3, 4, 5).getTime(),
      criticalOptions: expect.arrayContaining([
        { name: 'force-command', value: 'echo "a b"' },
        { name: 'source-address', value: '192.0.2.0/24,2001:db8::/32' },
        { name: 'verify-required', value: '' },
        { name: 'newest@example.com', value: '1' },
      ]) as unknown,
      extensions: expect.arrayContaining([
        { name: 'permit-pty', value: '' },
        { name: 'login@example.com', value: 'ann' },
      ]) as unknown,
    });
  });

  it('one of a host, and one signed with SHA-1, are refused', async () => {
    await using folder = await KeyFolder.make();
    const rsa = ['-t', 'rsa', '-b', '2048'] as const;
    const [path, ca] = await Promise.all([folder.keygen('key', '-t', 'ed25519'), folder.keygen('ca', ...rsa)]);

    expect(faultOf(await signed(path, ca, '-h', '-I', 'x', '-n', 'host'))).toBe('the certificate is none of a user');
    expect(faultOf(await signed(path, ca, '-I', 'x', '-n', 'ann', '-t', 'rsa-sha2-256'))).toBeUndefined();
    expect(faultOf(await signed(path, ca, '-I', 'x', '-n', 'ann', '-t', 'ssh-rsa'))).toBe(
      'the signature of the certificate is wrong, or its algorithm is not accepted',
    );
  });
});

describe('readCertificate', () => {
  it('reads what an authority says of the key in a security key', () => {
    for (const { blob, type } of [makeSkEcdsa('ssh:work'), makeSkEd25519('ssh:work')]) {
      expect(parseUserKey(make({ key: blob }))).toMatchObject({
        type: certificateNameOf(type),
        application: 'ssh:work',
        publicKey: { type, blob, application: 'ssh:work' },
        fingerprint: fingerprintOf(blob),
      });
    }
  });

  it('takes a security key as the authority, and its signature in the form of the key alone', () => {
    const key = makeSkEcdsa();
    const authorityOf = (sign: (data: Buffer) => Buffer) => ({
      ...authority,
      blob: key.blob,
      sign: (data: Uint8Array) => sign(Buffer.from(data)),
    });

    expect(faultOf(make({ authority: authorityOf(key.sign) }))).toBeUndefined();
    expect(faultOf(make({ authority: authorityOf(key.signInBrowser) }))).toContain('the signature');
  });

  it('refuses every bit that differs from what was signed', () => {
    const blob = make({ criticalOptions: { 'force-command': 'true' }, extensions: { 'permit-pty': true } });
    expect(faultOf(blob)).toBeUndefined();
    fc.assert(
      fc.property(fc.nat(blob.length * 8 - 1), (bit) => {
        const flipped = Buffer.from(blob);
        const at = Math.floor(bit / 8);
        flipped[at] = flipped.readUInt8(at) ^ (1 << (bit % 8));
        expect(parseUserKey(flipped)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('refuses what is cut or extended', () => {
    const blob = make();
    for (let length = 0; length < blob.length; length += 1) {
      expect(parseUserKey(blob.subarray(0, length))).toBeUndefined();
    }
    expect(parseUserKey(Buffer.concat([blob, Buffer.of(0)]))).toBeUndefined();
  });

  it('never throws, whatever stands where a certificate should', () => {
    const name = new WireWriter().ascii('ssh-ed25519-cert-v01@openssh.com').finish();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(parseUserKey(bytes)).toBeUndefined();
        expect(parseUserKey(Buffer.concat([name, bytes]))).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('refuses a signature by another key than the one it names', () => {
    expect(faultOf(make({ authorityBlob: makeWireKey().blob }))).toContain('the signature');
    expect(faultOf(make({ signature: Buffer.alloc(0) }))).toContain('the signature');
  });

  it('refuses a certificate as the authority, and an authority whose key is not supported', () => {
    expect(faultOf(make({ authorityBlob: make() }))).toBe(
      'the authority of the certificate: keys of type ssh-ed25519-cert-v01@openssh.com are not supported',
    );
    expect(faultOf(make({ authorityBlob: Buffer.alloc(0) }))).toContain('the authority of the certificate');
  });

  it.each([0, 2, 3])('refuses the type %i, which is none of a user', (type) => {
    expect(faultOf(make({ type }))).toBe('the certificate is none of a user');
  });

  it('gives a copy of the bytes', () => {
    const blob = make();
    const reading = read(blob);
    const before = Buffer.from(blob);
    blob.fill(0);
    expect('key' in reading && reading.key.blob.equals(before)).toBe(true);
  });

  it('takes 256 principals and options, and no more', () => {
    const names = Array.from({ length: 257 }, (_, index) => `u${String(index)}`);
    const options = (count: number) => Object.fromEntries(names.slice(0, count).map((name) => [name, true as const]));

    expect(certificateOf(make({ principals: names.slice(1) }))).toMatchObject({ principals: names.slice(1) });
    expect(faultOf(make({ principals: names }))).toContain('malformed');
    expect(faultOf(make({ extensions: options(256) }))).toBeUndefined();
    expect(faultOf(make({ extensions: options(257) }))).toContain('malformed');
  });

  it('refuses what is too large, without looking at it', () => {
    expect(faultOf(make({ keyId: 'x'.repeat(16_384) }))).toBe('the certificate is larger than 16384 bytes');
  });

  it('refuses an option that is given twice, and known options in another form than theirs', () => {
    const twice = new WireWriter().utf8('a').string(Buffer.alloc(0)).utf8('a').string(Buffer.alloc(0)).finish();
    expect(faultOf(make({ criticalOptions: twice }))).toContain('malformed');
    expect(faultOf(make({ extensions: twice }))).toContain('malformed');
    expect(faultOf(make({ criticalOptions: { 'force-command': true } }))).toContain('malformed');
    expect(faultOf(make({ criticalOptions: { 'source-address': Buffer.from('192.0.2.1') } }))).toContain('malformed');
    expect(faultOf(make({ criticalOptions: { 'verify-required': 'yes' } }))).toContain('malformed');
    expect(faultOf(make({ extensions: { 'permit-pty': 'no' } }))).toContain('malformed');
  });

  it('shows options that nobody knows as they are', () => {
    const raw = make({
      extensions: { 'raw@example.com': Buffer.from('as it is'), constructor: 'x', ['__proto__']: 'y' },
    });
    expect(certificateOf(raw)).toMatchObject({
      extensions: expect.arrayContaining([
        { name: 'raw@example.com', value: 'as it is' },
        { name: 'constructor', value: 'x' },
      ]) as unknown,
    });
  });

  it('shows times beyond all calendars as never', () => {
    const late = certificateOf(make({ validAfter: 2n ** 63n, validBefore: 2n ** 63n }));
    expect(late).toMatchObject({ validAfter: 8_640_000_000_000_000 });
    expect(late).not.toHaveProperty('validBefore');
    expect(certificateOf(make({ validAfter: 5n, validBefore: 8_640_000_000_000n }))).toMatchObject({
      validAfter: 5000,
      validBefore: 8_640_000_000_000_000,
    });
  });

  it('refuses a certified key that would be refused by itself', () => {
    const short = new WireWriter()
      .ascii('ssh-rsa')
      .magnitude(Buffer.of(1, 0, 1))
      .magnitude(Buffer.alloc(64, 255))
      .finish();
    expect(faultOf(make({ key: short }))).toContain('an RSA key of 512 bits is out of bounds');
  });
});

describe('the names of certificate types', () => {
  it.each([
    ['ssh-rsa', 'ssh-rsa-cert-v01@openssh.com'],
    ['ecdsa-sha2-nistp521', 'ecdsa-sha2-nistp521-cert-v01@openssh.com'],
    ['sk-ssh-ed25519@openssh.com', 'sk-ssh-ed25519-cert-v01@openssh.com'],
  ])('%s is certified as %s', (plain, certified) => {
    expect(certificateNameOf(plain)).toBe(certified);
    expect(certifiedTypeOf(certified)).toBe(plain);
    expect(certifiedTypeOf(plain)).toBeUndefined();
  });

  it.each(['ssh-dss-cert-v01@openssh.com', '-cert-v01@openssh.com', 'ssh-ed25519-cert-v00@openssh.com'])(
    '%s is none',
    (name) => {
      expect(certifiedTypeOf(name)).toBeUndefined();
    },
  );
});

describe('a plain key', () => {
  it('is read as before', () => {
    const key = parseUserKey(user.blob);
    expect(key?.blob).toEqual(user.blob);
    expect(key === undefined ? undefined : plainKeyOf(key)).toBe(key);
    expect('publicKey' in readPublicKey(make())).toBe(false);
    expect(new WireReader(make()).ascii()).toBe('ssh-ed25519-cert-v01@openssh.com');
  });
});
