import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SshServerError } from '../../../src/errors.js';
import { generateHostKey } from '../../../src/transport/host-keys/generate-host-key.js';
import { parseHostKey } from '../../../src/transport/host-keys/parse-host-key.js';
import { KeyFolder, kinds, openssh } from './ssh-keygen.js';

/** What a refusal of `key` says. */
function refusal(key: string | Uint8Array, options?: Parameters<typeof parseHostKey>[1]): string {
  try {
    parseHostKey(key, options);
  } catch (error) {
    if (!SshServerError.is(error)) throw error;
    expect(error.code).toBe('ERR_SSH_HOST_KEY');
    return error.message;
  }
  throw new Error('the key was accepted');
}

const pem = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1' = 'pkcs8'): string =>
  key.export({ format: 'pem', type }).toString();

describe.skipIf(openssh.missing.length > 0)(openssh.title('keys of ssh-keygen'), () => {
  let folder: KeyFolder;
  beforeAll(async () => {
    folder = await KeyFolder.make();
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  it.each(kinds)('a $type key in OpenSSH form is read', async ({ type, options, algorithms }) => {
    const path = await folder.keygen(`openssh-${type}`, ...options);

    const key = parseHostKey(await readFile(path));

    expect(key.type).toBe(type);
    expect(key.algorithms).toEqual(algorithms);
    expect(key.publicBlob).toEqual(await folder.blob(path));
    expect(key.fingerprint).toBe(await folder.fingerprint(path));
    expect(key.comment).toBe(`openssh-${type} comment`);
  });

  it.each(kinds.filter((kind) => kind.type !== 'ssh-ed25519'))('a $type key in PEM form is read', async (kind) => {
    const path = await folder.keygen(`pem-${kind.type}`, '-m', 'PEM', ...kind.options);
    const text = await readFile(path, 'utf8');

    expect(text).not.toContain('OPENSSH');
    expect(parseHostKey(text).publicBlob).toEqual(await folder.blob(path));
    expect(parseHostKey(text)).not.toHaveProperty('comment');
  });

  it.each(kinds.filter((kind) => kind.type !== 'ssh-ed25519'))('a $type key in PKCS #8 form is read', async (kind) => {
    const path = await folder.keygen(`pkcs8-${kind.type}`, '-m', 'PKCS8', ...kind.options);

    expect(parseHostKey(await readFile(path)).publicBlob).toEqual(await folder.blob(path));
  });

  it.each([
    { form: 'OpenSSH', options: ['-t', 'ed25519', '-a', '1'] },
    { form: 'PEM', options: ['-t', 'rsa', '-b', '2048', '-m', 'PEM'] },
    { form: 'PKCS #8', options: ['-t', 'ecdsa', '-m', 'PKCS8'] },
  ])('an encrypted key in $form form opens with its passphrase only', async ({ form, options }) => {
    const path = await folder.keygen(`locked ${form}`, '-N', 'correct horse', ...options);
    const text = await readFile(path);

    expect(parseHostKey(text, { passphrase: 'correct horse' }).publicBlob).toEqual(await folder.blob(path));
    expect(parseHostKey(text, { passphrase: Buffer.from('correct horse') }).publicBlob).toEqual(
      await folder.blob(path),
    );
    expect(refusal(text)).toMatch(/^host key: the private key is encrypted; .*"passphrase".*ssh-keygen -p/);
    expect(refusal(text, { passphrase: '' })).toContain('is encrypted');
    expect(refusal(text, { passphrase: 'wrong' })).toContain('passphrase does not open');
  });

  it('a passphrase for a key without one is ignored', async () => {
    const path = await folder.keygen('open', '-t', 'ed25519');

    expect(parseHostKey(await readFile(path), { passphrase: 'x' }).publicBlob).toEqual(await folder.blob(path));
  });

  it('a public key is named as such', async () => {
    const path = await folder.keygen('public', '-t', 'ed25519');
    const rfc4716 = execFileSync(openssh.path('ssh-keygen'), ['-e', '-f', path], { encoding: 'utf8' });

    expect(refusal(await readFile(`${path}.pub`))).toContain('this is a public key');
    expect(refusal(rfc4716)).toContain('this is a public key');
    expect(refusal(generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }))).toContain(
      'this is a public key',
    );
  });

  it('a short RSA key is refused with its size', async () => {
    const path = await folder.keygen('short', '-t', 'rsa', '-b', '1024');

    expect(refusal(await readFile(path), { source: 'host key /etc/x' })).toBe(
      'host key /etc/x: an RSA key of 1024 bits is too short; 2048 is the least',
    );
  });

  it('a DSA key is refused in OpenSSH and in PEM form', () => {
    const { privateKey } = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 });
    const path = folder.file('dsa');
    execFileSync('sh', ['-c', 'umask 077; cat > "$1"', 'sh', path], { input: pem(privateKey) });

    expect(refusal(pem(privateKey))).toContain('DSA keys are not supported');
    // ssh-keygen -p turns a PEM key into the OpenSSH form.
    execFileSync(openssh.path('ssh-keygen'), ['-q', '-p', '-P', '', '-N', '', '-f', path]);
    expect(refusal(execFileSync('cat', [path]))).toContain('DSA keys are not supported');
  });
});

describe('other texts', () => {
  it('Ed25519 in PKCS #8 is read', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const { x = '' } = publicKey.export({ format: 'jwk' });

    expect(parseHostKey(pem(privateKey)).publicBlob.subarray(-32).toString('base64url')).toBe(x);
  });

  it('curve parameters before an EC key and text around it are skipped', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    const text = `a note\r\n${parameters}${pem(privateKey, 'sec1').replaceAll('\n', '\r\n')}another note`;

    expect(parseHostKey(text).publicBlob).toEqual(parseHostKey(pem(privateKey)).publicBlob);
  });

  it.each([
    ['Ed448', generateKeyPairSync('ed448').privateKey, 'ed448 keys are not host keys'],
    ['X25519', generateKeyPairSync('x25519').privateKey, 'x25519 keys are not host keys'],
    ['RSA-PSS', generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey, 'rsa-pss keys are not host keys'],
    ['secp256k1', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey, 'curve secp256k1 is not one of'],
  ])('a key of the kind %s is refused', (_, privateKey, message) => {
    expect(refusal(pem(privateKey))).toContain(message);
  });

  it.each([
    ['nothing', '', 'it is empty'],
    ['blanks', ' \n\t\n', 'it is empty'],
    ['prose', 'hunter2', 'not a private key in a form that is known'],
    ['a PuTTY key', 'PuTTY-User-Key-File-3: ssh-ed25519\n', 'puttygen'],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----', 'not a private key in'],
    ['an empty block', '-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----', 'is damaged'],
    ['an empty OpenSSH block', '-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----', 'is damaged'],
  ])('%s is refused', (_, text, message) => {
    expect(refusal(text)).toContain(message);
    expect(refusal(Buffer.from(text))).toContain(message);
  });

  it('a key without its end is cut off', async () => {
    const { privateKeyText } = await generateHostKey();

    expect(refusal(privateKeyText.slice(0, 200))).toContain('cut off');
  });

  it('a private key that does not fit its public key is damaged', async () => {
    const { privateKeyText: text, hostKey } = await generateHostKey('ecdsa-sha2-nistp256');
    const other = await generateHostKey('ecdsa-sha2-nistp256');
    const body = Buffer.from(text.replaceAll(/-----.*-----/g, ''), 'base64');
    // The second copy of the public point belongs to the private part.
    const point = hostKey.publicBlob.subarray(-65);
    body.set(other.hostKey.publicBlob.subarray(-65), body.lastIndexOf(point));
    const forged = `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`;

    expect(refusal(forged)).toMatch(/damaged/);
  });

  it('a damaged OpenSSH key is refused or still signs, and nothing else is thrown', async () => {
    const { privateKeyText: text } = await generateHostKey();
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 1, max: 255 }), (at, character) => {
        const damaged = text.slice(0, at) + String.fromCharCode(character) + text.slice(at + 1);
        try {
          expect(parseHostKey(damaged).sign(Buffer.from('x'), 'ssh-ed25519')).toHaveLength(64);
        } catch (error) {
          expect(SshServerError.is(error) && error.code).toBe('ERR_SSH_HOST_KEY');
        }
      }),
      { numRuns: 300 },
    );
  });

  it('the comment of a generated key survives, whatever its language', async () => {
    const { privateKeyText, hostKey } = await generateHostKey('ssh-ed25519', { comment: 'größe' });
    const key = parseHostKey(privateKeyText);

    expect(key.publicBlob).toEqual(hostKey.publicBlob);
    expect(key.comment).toBe('größe');
  });
});
