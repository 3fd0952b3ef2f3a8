import { readdir, readFile, stat, writeFile } from 'node:fs/promises';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { loadHostKey } from '../../../src/transport/host-keys/load-host-key.js';
import { loadOrCreateHostKey } from '../../../src/transport/host-keys/load-or-create-host-key.js';
import { KeyFolder } from './ssh-keygen.js';

/** What happens while a link is attempted, before the file system refuses it. */
let meanwhile: (path: string) => Promise<void>;
/** How the file system refuses. */
let code: string;

vi.mock(import('node:fs/promises'), async (original) => ({
  ...(await original()),
  link: async (_existing, path) => {
    await meanwhile(String(path));
    throw Object.assign(new Error('no links here'), { code });
  },
}));

let folder: KeyFolder;
beforeEach(async () => {
  folder = await KeyFolder.make();
  meanwhile = () => Promise.resolve();
  code = 'EPERM';
});
afterEach(() => folder[Symbol.asyncDispose]());

describe('loadOrCreateHostKey on a file system without hard links', () => {
  it.each(['EPERM', 'ENOTSUP', 'ENOSYS'])('still makes a private key, after %s', async (refusal) => {
    code = refusal;
    const path = folder.file('key');

    const key = await loadOrCreateHostKey(path);

    expect((await loadHostKey(path)).fingerprint).toBe(key.fingerprint);
    expect((await stat(path)).mode & 0o077).toBe(0);
    expect(await readdir(folder.path)).toEqual(['key']);
  });

  it('still leaves a key alone that came first', async () => {
    const path = folder.file('key');
    const other = await loadOrCreateHostKey(folder.file('other'));
    const text = await readFile(folder.file('other'), 'utf8');
    meanwhile = (target) => writeFile(target, text, { mode: 0o600 });

    expect((await loadOrCreateHostKey(path)).fingerprint).toBe(other.fingerprint);
    expect(await readdir(folder.path)).toEqual(['key', 'other']);
  });

  it('gives up on any other error, and leaves nothing behind', async () => {
    code = 'EIO';

    await expect(loadOrCreateHostKey(folder.file('key'))).rejects.toMatchObject({
      code: 'ERR_SSH_HOST_KEY',
      message: expect.stringContaining('cannot be written') as string,
      cause: { code: 'EIO' },
    });
    expect(await readdir(folder.path)).toEqual([]);
  });
});
