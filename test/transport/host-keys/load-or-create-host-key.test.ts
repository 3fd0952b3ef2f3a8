import { lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { loadHostKey } from '../../../src/transport/host-keys/load-host-key.js';
import { loadOrCreateHostKey } from '../../../src/transport/host-keys/load-or-create-host-key.js';
import { KeyFolder } from './ssh-keygen.js';

let folder: KeyFolder;
beforeEach(async () => {
  folder = await KeyFolder.make();
});
afterEach(() => folder[Symbol.asyncDispose]());

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('loadOrCreateHostKey', () => {
  it('makes a key once and finds it again', async () => {
    const path = folder.file('key');

    const made = await loadOrCreateHostKey(path, { comment: 'first' });
    const text = await readFile(path);
    const found = await loadOrCreateHostKey(path, { type: 'ssh-rsa', comment: 'second' });

    expect(made).toMatchObject({ type: 'ssh-ed25519', comment: 'first' });
    expect(found.fingerprint).toBe(made.fingerprint);
    expect((await loadHostKey(path)).fingerprint).toBe(made.fingerprint);
    expect(await readFile(path)).toEqual(text);
  });

  it('makes the type that is asked for', async () => {
    expect((await loadOrCreateHostKey(folder.file('key'), { type: 'ecdsa-sha2-nistp384' })).type).toBe(
      'ecdsa-sha2-nistp384',
    );
  });

  it.skipIf(process.platform === 'win32')('keeps the key and its new folders private', async () => {
    await loadOrCreateHostKey(folder.file('a/b/key'));

    expect(await modeOf(folder.file('a/b/key'))).toBe(0o600);
    expect(await modeOf(folder.file('a/b'))).toBe(0o700);
    expect(await modeOf(folder.file('a'))).toBe(0o700);
  });

  it('leaves nothing but the key behind', async () => {
    await loadOrCreateHostKey(folder.file('key'));

    expect(await readdir(folder.path)).toEqual(['key']);
  });

  it('gives one key to all who start at once', async () => {
    const path = folder.file('key');

    const keys = await Promise.all(Array.from({ length: 16 }, () => loadOrCreateHostKey(path)));

    expect(new Set(keys.map((key) => key.fingerprint)).size).toBe(1);
    expect(await readdir(folder.path)).toEqual(['key']);
  });

  it('never touches a file that is there, whatever it holds', async () => {
    const path = folder.file('key');
    await writeFile(path, 'half a ke', { mode: 0o600 });

    await expect(loadOrCreateHostKey(path)).rejects.toMatchObject({ code: 'ERR_SSH_HOST_KEY' });
    expect(await readFile(path, 'utf8')).toBe('half a ke');
  });

  it('does not write through a link that leads nowhere', async () => {
    const path = folder.file('key');
    await symlink(folder.file('elsewhere'), path);

    await expect(loadOrCreateHostKey(path)).rejects.toMatchObject({ code: 'ERR_SSH_HOST_KEY' });
    expect((await lstat(path)).isSymbolicLink()).toBe(true);
    expect(await readdir(folder.path)).toEqual(['key']);
  });

  it('says where it could not write', async () => {
    await symlink(folder.file('nowhere/at/all'), folder.file('link'));
    const path = folder.file('link/key');

    await expect(loadOrCreateHostKey(path)).rejects.toMatchObject({
      code: 'ERR_SSH_HOST_KEY',
      message: expect.stringContaining(`host key ${path}: cannot be written`) as string,
    });
  });

  it('a folder in the place of the key is an error', async () => {
    const path = folder.file('key');
    await mkdir(path);

    await expect(loadOrCreateHostKey(path)).rejects.toMatchObject({ code: 'ERR_SSH_HOST_KEY' });
  });
});
