import { randomBytes } from 'node:crypto';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { SshServerError } from '../../errors.js';
import { generateHostKey } from './generate-host-key.js';
import { hostKeyError } from './host-key-error.js';
import type { HostKeyType } from './host-key-type.js';
import type { HostKey } from './host-key.js';
import { loadHostKey, type LoadHostKeyOptions } from './load-host-key.js';

/** Options of {@link loadOrCreateHostKey}. */
export interface LoadOrCreateHostKeyOptions extends LoadHostKeyOptions {
  /** Type of the key to make; a key that is there already may have another. Default `ssh-ed25519`. */
  readonly type?: HostKeyType;
  /** Comment of the key to make. Default none. */
  readonly comment?: string;
}

/**
 * Reads the private key at `path`, or makes one there if the file does not exist.
 *
 * The new file has mode 0600, missing parent folders get 0700, and the file appears whole or not at all. When several
 * processes start at once, one key wins and all of them return it. An existing file is never written to, whatever is
 * wrong with it. A new key is stored without a passphrase.
 *
 * @throws SshServerError `ERR_SSH_HOST_KEY` as {@link loadHostKey} does, and if the file cannot be written.
 */
export async function loadOrCreateHostKey(path: string, options: LoadOrCreateHostKeyOptions = {}): Promise<HostKey> {
  const { type, comment, ...loading } = options;
  try {
    return await loadHostKey(path, loading);
  } catch (error) {
    if (!(SshServerError.is(error) && systemCodeOf(error.cause) === 'ENOENT')) throw error;
  }

  const { privateKeyText } = await generateHostKey(type, comment === undefined ? {} : { comment });
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeOnce(path, privateKeyText);
  } catch (error) {
    throw hostKeyError(`host key ${path}`, `cannot be written: ${String(error)}`, error);
  }
  // Read back rather than returned: another process may have been first, and what is on the disk is what counts.
  return loadHostKey(path, loading);
}

/** Puts `text` at `path` unless something is there already. */
async function writeOnce(path: string, text: string): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}`);
  try {
    await writeNew(draft, text);
    // Unlike rename, link never replaces a file.
    await link(draft, path);
    await syncFolder(dirname(path));
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'EEXIST') return;
    // FAT and some network file systems have no links. There the file is written in place: never over another, but a
    // process that starts in that moment may find half a key, and says so.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    await writeNew(path, text).catch((late: unknown) => {
      if (systemCodeOf(late) !== 'EEXIST') throw late;
    });
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    // A key that clients have seen must survive a power cut, or they will warn of an attack.
    await file.sync();
  } catch (error) {
    // Half a key would keep the next start from making a whole one.
    await unlink(path).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
}

/** Makes a new name in a folder survive a power cut. Folders cannot be opened on Windows, which does so by itself. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

const systemCodeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
