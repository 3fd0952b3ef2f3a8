import { chmod, mkdir, writeFile } from 'node:fs/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { generateHostKey } from '../../../src/transport/host-keys/generate-host-key.js';
import { loadHostKey } from '../../../src/transport/host-keys/load-host-key.js';
import { KeyFolder, openssh } from './ssh-keygen.js';

const generated = await generateHostKey('ssh-ed25519', { comment: 'c' });

let folder: KeyFolder;
beforeAll(async () => {
  folder = await KeyFolder.make();
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Writes a file whose mode does not depend on the umask. */
async function put(name: string, text: string, mode = 0o600): Promise<string> {
  const path = folder.file(name);
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
}

describe('loadHostKey', () => {
  it.each([0o600, 0o400])('reads a file of mode %o', async (mode) => {
    const key = await loadHostKey(await put(`mode-${String(mode)}`, generated.privateKeyText, mode));

    expect(key.publicBlob).toEqual(generated.hostKey.publicBlob);
    expect(key.comment).toBe('c');
  });

  it.skipIf(process.platform === 'win32').each([0o644, 0o640, 0o604, 0o620, 0o610])(
    'refuses a file of mode %o, says so and tells the way out',
    async (mode) => {
      const path = await put('open', generated.privateKeyText, mode);

      await expect(loadHostKey(path)).rejects.toMatchObject({
        code: 'ERR_SSH_HOST_KEY',
        message: `host key ${path}: others may read or write it (mode 0${mode.toString(8)}); run chmod 600 ${path}`,
      });
    },
  );

  it('a missing file keeps the error of the system as its cause', async () => {
    const path = folder.file('missing');

    await expect(loadHostKey(path)).rejects.toMatchObject({
      code: 'ERR_SSH_HOST_KEY',
      message: expect.stringContaining(`host key ${path}: ENOENT`) as string,
      cause: { code: 'ENOENT' },
    });
  });

  it('a folder is not a key', async () => {
    const path = folder.file('folder');
    await mkdir(path);

    await expect(loadHostKey(path)).rejects.toMatchObject({ message: `host key ${path}: it is not a regular file` });
  });

  it('a file too large for a key is not read', async () => {
    const path = await put('large', generated.privateKeyText + ' '.repeat(65_536));

    await expect(loadHostKey(path)).rejects.toMatchObject({
      code: 'ERR_SSH_HOST_KEY',
      message: expect.stringContaining('larger than 65536') as string,
    });
  });

  it('names the path of a file that holds something else', async () => {
    const path = await put('prose', 'hunter2');

    await expect(loadHostKey(path)).rejects.toMatchObject({
      message: `host key ${path}: this is not a private key in a form that is known (OpenSSH, PEM, DER, PKCS #12, JWK, PuTTY), or it is damaged`,
    });
  });

  it.skipIf(openssh.missing.length > 0)('opens an encrypted file', async () => {
    const path = await folder.keygen('locked', '-t', 'ecdsa', '-m', 'PEM', '-N', 'correct horse');

    await expect(loadHostKey(path)).rejects.toMatchObject({
      code: 'ERR_SSH_HOST_KEY',
      message: expect.stringContaining('is encrypted') as string,
    });
    expect((await loadHostKey(path, { passphrase: 'correct horse' })).type).toBe('ecdsa-sha2-nistp256');
  });
});
