import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { generateHostKey, type HostKeyStore, hostKeyFromStore } from '../../../src/index.js';
import { HOST_KEY_STORE_TYPES } from '../../../src/transport/host-keys/host-key-store-type.js';

const { hostKey, privateKeyText } = await generateHostKey();

describe('a host key of a documented store', () => {
  let folder: string;
  let file: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-store-'));
    file = path.join(folder, 'key');
    await writeFile(file, privateKeyText, { mode: 0o600 });
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(['cstPFXFile', 'cstPEMKeyFile', 'cstPPKFile', 'cstJWKFile', 'cstAuto', 2, 6, 14, 18, 99] as const)(
    'of type %s is read from a file, whatever its form',
    async (type) => {
      expect((await hostKeyFromStore({ type, store: file })).fingerprint).toBe(hostKey.fingerprint);
    },
  );

  it.each(['cstPFXBlob', 'cstPEMKeyBlob', 'cstPPKBlob', 'cstJWKBlob', 'cstAuto', 3, 7, 15, 19, 99] as const)(
    'of type %s is read from bytes, and from text',
    async (type) => {
      expect((await hostKeyFromStore({ type, store: Buffer.from(privateKeyText) })).fingerprint).toBe(
        hostKey.fingerprint,
      );
      expect((await hostKeyFromStore({ type, store: privateKeyText, subject: '*' })).fingerprint).toBe(
        hostKey.fingerprint,
      );
    },
  );

  it('may have a password that is not needed', async () => {
    expect((await hostKeyFromStore({ store: file, password: 'x' })).fingerprint).toBe(hostKey.fingerprint);
  });

  const refused: readonly (readonly [HostKeyStore['type'], string])[] = [
    ['cstUser', 'certificate stores of Windows are not supported; export the key to a PFX file'],
    [1, 'certificate stores of Windows are not supported'],
    ['cstJKSFile', 'keystores of Java are not supported; convert it: keytool -importkeystore'],
    [21, 'keystores of Java are not supported'],
    ['cstPublicKeyFile', 'there is no private key in such a store'],
    ['cstSSHPublicKeyBlob', 'there is no private key in such a store'],
    ['cstP7BBlob', 'there is no private key in such a store'],
    ['cstXMLFile', 'keys in XML are not supported; export the key in PEM form'],
    ['cstPKCS11', 'give a key in a PKCS #11 token as a signer, with hostKeyFromSigner'],
    [23, 'host key in a store of type 23: there is no such type; there are cstUser, '],
    ['toString' as 'cstAuto', 'there is no such type'],
  ];

  it.each(refused)('of type %s is refused with a reason', async (type, message) => {
    await expect(hostKeyFromStore({ ...(type === undefined ? {} : { type }), store: file })).rejects.toThrow(message);
  });

  it('is refused or read, for each type there is', async () => {
    for (const type of Object.values(HOST_KEY_STORE_TYPES)) {
      const outcome = await hostKeyFromStore({
        type,
        store: type % 2 === 0 || type === 99 ? file : privateKeyText,
      }).then(
        (key) => key.fingerprint,
        (error: unknown) => (error as { code: string }).code,
      );
      expect([hostKey.fingerprint, 'ERR_SSH_HOST_KEY']).toContain(outcome);
    }
  });

  it('of bytes where a path is wanted is refused', async () => {
    await expect(hostKeyFromStore({ type: 'cstPFXFile', store: Buffer.of(1) })).rejects.toThrow('the store is a path');
  });

  it('has a subject only in a PKCS #12 file', async () => {
    await expect(hostKeyFromStore({ store: file, subject: 'CN=host' })).rejects.toThrow(
      'leave out the option "subject"',
    );
  });
});
