import { execFileSync } from 'node:child_process';
import * as crypto from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SshServerError } from '../../../src/errors.js';
import { DER, writeDer } from '../../../src/transport/host-keys/der.js';
import { parseHostKey, type ParseHostKeyOptions } from '../../../src/transport/host-keys/parse-host-key.js';
import { readPkcs12 } from '../../../src/transport/host-keys/pkcs12.js';
import { requires } from '../../support/requires.js';
import { kinds } from './ssh-keygen.js';

const programs = requires(['ssh-keygen', 'openssl', 'puttygen']);
const PASSPHRASE = 'correct horse';
/** From Node 24.7 on. */
const HAS_ARGON2 = 'argon2Sync' in crypto;

function refusal(key: string | Uint8Array, options?: ParseHostKeyOptions): string {
  try {
    parseHostKey(key, options);
  } catch (error) {
    if (!SshServerError.is(error)) throw error;
    expect(error.code).toBe('ERR_SSH_HOST_KEY');
    return error.message;
  }
  throw new Error('the key was accepted');
}

/** Whatever becomes of a damaged file, it is a refusal in words, or a key that signs rightly. */
function survives(bytes: Uint8Array, options: ParseHostKeyOptions): void {
  try {
    const key = parseHostKey(bytes, options);
    for (const algorithm of key.algorithms) expect(key.sign(Buffer.from('x'), algorithm)).not.toHaveLength(0);
  } catch (error) {
    expect(SshServerError.is(error) && error.code).toBe('ERR_SSH_HOST_KEY');
    expect(String(error)).not.toContain(PASSPHRASE);
  }
}

describe.skipIf(programs.missing.length > 0)(programs.title('keys of other programs'), () => {
  let folder: string;
  const run = (program: string, ...args: readonly string[]): Buffer =>
    execFileSync(programs.path(program), args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const file = (name: string): string => path.join(folder, name);

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-formats-'));
    for (const { type, options } of kinds) {
      run('ssh-keygen', '-q', '-N', '', '-C', `${type} comment`, ...options, '-f', file(type));
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** The key of OpenSSH's file, which other tests hold against ssh-keygen. */
  const original = (type: string) => parseHostKey(readFileSync(file(type)));
  const keyObject = (type: string): crypto.KeyObject => {
    run('puttygen', file(type), '-O', 'private-openssh', '-o', file(`${type}.pem`), '--old-passphrase', '/dev/null');
    const text = readFileSync(file(`${type}.pem`), 'utf8');
    // puttygen has an old form of its own for all types but Ed25519.
    return crypto.createPrivateKey(type === 'ssh-ed25519' ? pkcs8OfEd25519(text) : text);
  };
  /** RFC 8410 section 7: what stands before the seed is always the same. */
  function pkcs8OfEd25519(text: string): string {
    const body = Buffer.from(text.replaceAll(/-----.*-----/g, ''), 'base64');
    const publicKey = original('ssh-ed25519').publicBlob.subarray(-32);
    const seed = body.subarray(body.lastIndexOf(publicKey) - 32, body.lastIndexOf(publicKey));
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
    return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
  }

  describe.each(kinds)('a $type key', ({ type }) => {
    it('is read from PKCS #8 in DER, encrypted or not', () => {
      const key = keyObject(type);
      const open = key.export({ format: 'der', type: 'pkcs8' });
      const locked = key.export({ format: 'der', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: PASSPHRASE });

      expect(parseHostKey(open).fingerprint).toBe(original(type).fingerprint);
      expect(parseHostKey(locked, { passphrase: PASSPHRASE }).fingerprint).toBe(original(type).fingerprint);
      expect(refusal(locked)).toContain('is encrypted; give the option "passphrase"');
      expect(refusal(locked, { passphrase: 'wrong' })).toContain('passphrase does not open');
    });

    it('is read from a JSON Web Key', () => {
      const text = JSON.stringify(keyObject(type).export({ format: 'jwk' }));

      expect(parseHostKey(text).fingerprint).toBe(original(type).fingerprint);
    });

    it.each(['2', '3'])('is read from a PuTTY file of version %s', (version) => {
      run('puttygen', file(type), '-o', file('key.ppk'), '-O', 'private', '--ppk-param', `version=${version}`);
      const text = readFileSync(file('key.ppk'), 'utf8');
      const key = parseHostKey(text);

      expect(text).toContain(`PuTTY-User-Key-File-${version}: ${type}`);
      expect(key.publicBlob).toEqual(original(type).publicBlob);
      expect(key.comment).toBe(`${type} comment`);
      expect(parseHostKey(text.replaceAll('\n', '\r\n')).fingerprint).toBe(key.fingerprint);
    });

    it('is read from an encrypted PuTTY file of version 2', () => {
      writeFileSync(file('passphrase'), PASSPHRASE);
      const passphrase = ['--new-passphrase', file('passphrase')];
      run(
        'puttygen',
        file(type),
        '-P',
        '-o',
        file('locked.ppk'),
        '-O',
        'private',
        '--ppk-param',
        'version=2',
        ...passphrase,
      );
      const text = readFileSync(file('locked.ppk'), 'utf8');

      expect(parseHostKey(text, { passphrase: PASSPHRASE }).publicBlob).toEqual(original(type).publicBlob);
      expect(refusal(text)).toContain('is encrypted');
      expect(refusal(text, { passphrase: 'wrong' })).toContain('passphrase does not open');
    });

    it('is read from PKCS #12, encrypted with new and with old ciphers', () => {
      writeFileSync(file('key.pem'), keyObject(type).export({ format: 'pem', type: 'pkcs8' }));
      run('openssl', 'req', '-x509', '-key', file('key.pem'), '-subj', '/CN=host/O=house', '-out', file('cert.pem'));
      const from = ['pkcs12', '-export', '-inkey', file('key.pem'), '-in', file('cert.pem'), '-name', 'my key'];
      for (const ciphers of [[], ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']]) {
        run('openssl', ...from, '-passout', `pass:${PASSPHRASE}`, ...ciphers, '-out', file('key.p12'));
        const bytes = readFileSync(file('key.p12'));
        const key = parseHostKey(bytes, { passphrase: PASSPHRASE });

        expect(key.fingerprint).toBe(original(type).fingerprint);
        expect(key.comment).toBe('my key');
        expect(refusal(bytes)).toContain('the PKCS #12 file is encrypted, or damaged; give the option "passphrase"');
        expect(refusal(bytes, { passphrase: 'wrong' })).toContain('passphrase does not open');
        expect(parseHostKey(bytes, { passphrase: PASSPHRASE, subject: 'CN=host' }).fingerprint).toBe(key.fingerprint);
        expect(refusal(bytes, { passphrase: PASSPHRASE, subject: 'CN=other' })).toContain(
          'no key in it has the subject "CN=other": there is "CN=host, O=house"',
        );
      }
    });
  });

  it('without node-forge a PKCS #12 file is refused with two ways out', () => {
    const opening = { source: 'host key x.p12', passphrase: undefined };
    const absent = (): never => {
      throw new Error('Cannot find module');
    };

    expect(() => readPkcs12(Buffer.of(0x30, 0), opening, absent)).toThrow(
      'host key x.p12: PKCS #12 files need the package node-forge: npm install node-forge. Or convert it: openssl pkcs12',
    );
  });

  it.runIf(HAS_ARGON2)('an encrypted PuTTY file of version 3 is opened where Node has Argon2', () => {
    writeFileSync(file('passphrase'), PASSPHRASE);
    const passphrase = ['--new-passphrase', file('passphrase')];
    run('puttygen', file('ssh-ed25519'), '-P', '-o', file('argon.ppk'), '-O', 'private', ...passphrase);

    expect(parseHostKey(readFileSync(file('argon.ppk')), { passphrase: PASSPHRASE }).fingerprint).toBe(
      original('ssh-ed25519').fingerprint,
    );
  });

  it.skipIf(HAS_ARGON2)(
    'an encrypted PuTTY file of version 3 is refused with a way out where Node has no Argon2',
    () => {
      writeFileSync(file('passphrase'), PASSPHRASE);
      const passphrase = ['--new-passphrase', file('passphrase')];
      run('puttygen', file('ssh-ed25519'), '-P', '-o', file('argon.ppk'), '-O', 'private', ...passphrase);

      expect(refusal(readFileSync(file('argon.ppk')), { passphrase: PASSPHRASE })).toContain(
        'takes Node 24.7 or later. Convert it: puttygen KEY.ppk -O private-openssh',
      );
    },
  );

  it('what would take minutes to open is refused at once', () => {
    // PBES2 (RFC 8018 appendix A.4), as OpenSSL writes it but for the number of iterations.
    const oid = (hex: string): Buffer => writeDer(DER.OBJECT_IDENTIFIER, Buffer.from(hex, 'hex'));
    const sequence = (...parts: readonly Buffer[]): Buffer => writeDer(DER.SEQUENCE, Buffer.concat(parts));
    const bytes = (length: number): Buffer => writeDer(DER.OCTET_STRING, Buffer.alloc(length, 7));
    const costing = (iterations: string): Buffer => {
      const count = writeDer(DER.INTEGER, Buffer.from(iterations, 'hex'));
      const derivation = sequence(oid('2a864886f70d01050c'), sequence(bytes(8), count));
      const cipher = sequence(oid('60864801650304012a'), bytes(16));
      return sequence(sequence(oid('2a864886f70d01050d'), sequence(derivation, cipher)), bytes(64));
    };

    expect(refusal(costing('0800'), { passphrase: PASSPHRASE })).toContain('passphrase does not open');
    expect(refusal(costing('7fffffff'), { passphrase: PASSPHRASE })).toContain('it would take too long to open');
    expect(refusal(costing('00ffffffffffffffff'), { passphrase: PASSPHRASE })).toContain('it would take too long');
  });

  it('an OpenSSH key with millions of rounds is refused at once', () => {
    run('ssh-keygen', '-q', '-N', PASSPHRASE, '-a', '1', '-t', 'ed25519', '-f', file('rounds'));
    const text = readFileSync(file('rounds'), 'utf8');
    const body = Buffer.from(text.replaceAll(/-----.*-----/g, ''), 'base64');
    // Behind magic, cipher, function and the salt.
    body.writeUInt32BE(0x00ff_ffff, body.indexOf('bcrypt') + 6 + 4 + 4 + 16);
    const costly = `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`;

    expect(refusal(costly, { passphrase: PASSPHRASE })).toContain('it would take too long to open');
  });

  describe('with a bit flipped, or cut off', () => {
    const forms: Readonly<Record<string, () => Uint8Array>> = {
      'PKCS #8': () => keyObject('ecdsa-sha2-nistp256').export({ format: 'der', type: 'pkcs8' }),
      'encrypted PKCS #8': () =>
        keyObject('ssh-ed25519').export({
          format: 'der',
          type: 'pkcs8',
          cipher: 'aes-256-cbc',
          passphrase: PASSPHRASE,
        }),
      'PKCS #1': () => keyObject('ssh-rsa').export({ format: 'der', type: 'pkcs1' }),
      'SEC 1': () => keyObject('ecdsa-sha2-nistp384').export({ format: 'der', type: 'sec1' }),
      PEM: () => Buffer.from(keyObject('ssh-ed25519').export({ format: 'pem', type: 'pkcs8' })),
      JWK: () => Buffer.from(JSON.stringify(keyObject('ssh-ed25519').export({ format: 'jwk' }))),
      OpenSSH: () => readFileSync(file('ecdsa-sha2-nistp521')),
      PuTTY: () => {
        run('puttygen', file('ssh-ed25519'), '-o', file('flip.ppk'), '-O', 'private');
        return readFileSync(file('flip.ppk'));
      },
      'PKCS #12': () => {
        writeFileSync(file('flip.pem'), keyObject('ssh-ed25519').export({ format: 'pem', type: 'pkcs8' }));
        run(
          'openssl',
          'pkcs12',
          '-export',
          '-nocerts',
          '-inkey',
          file('flip.pem'),
          '-passout',
          `pass:${PASSPHRASE}`,
          '-out',
          file('flip.p12'),
        );
        return readFileSync(file('flip.p12'));
      },
    };

    it.each(Object.keys(forms))('a key in %s form is refused in words, or is another key', (name) => {
      const whole = Buffer.from(forms[name]?.() ?? []);
      const options = { passphrase: PASSPHRASE };
      expect(parseHostKey(whole, options).algorithms).not.toHaveLength(0);

      fc.assert(
        fc.property(fc.nat({ max: whole.length * 8 - 1 }), fc.boolean(), (bit, isCut) => {
          const damaged = Buffer.from(isCut ? whole.subarray(0, bit >> 3) : whole);
          if (!isCut) damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          survives(damaged, options);
        }),
        { numRuns: name === 'PKCS #12' ? 40 : 150 },
      );
    });
  });
});
