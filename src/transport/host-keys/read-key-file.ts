import type { Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

import { SshServerError } from '../../errors.js';
import { hostKeyError } from './host-key-error.js';

/** Above every key file; keeps a path to a disk or a log from being read into memory. */
const MAX_FILE_BYTES = 65_536;

/**
 * Reads a file that holds a secret.
 *
 * Refuses, as OpenSSH does, a file of this user's that others may read. Files of another user, such as mounted secrets,
 * and all files on Windows are taken as they are.
 *
 * @throws SshServerError `ERR_SSH_HOST_KEY`; if the file cannot be read, `cause` is the error of the system
 */
export async function readKeyFile(path: string): Promise<Buffer> {
  const source = `host key ${path}`;
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const fault = faultOf(await file.stat(), path);
    if (fault !== undefined) throw hostKeyError(source, fault);
    return await file.readFile();
  } catch (error) {
    if (SshServerError.is(error)) throw error;
    throw hostKeyError(source, error instanceof Error ? error.message : 'cannot be read', error);
  } finally {
    await file?.close();
  }
}

/** Why a file must not be used. Taken from the open file, not from its path, so that what was checked is what is read. */
function faultOf(stats: Stats, path: string): string | undefined {
  if (!stats.isFile()) return 'it is not a regular file';
  if (stats.size > MAX_FILE_BYTES) return `it is larger than ${String(MAX_FILE_BYTES)} bytes, which no private key is`;

  // process.getuid is missing on Windows, where the mode says nothing.
  const own = stats.uid === process.getuid?.();
  if (own && (stats.mode & 0o077) !== 0) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    return `others may read or write it (mode ${mode}); run chmod 600 ${path}`;
  }
  return undefined;
}
