import type { HostKey } from './host-key.js';
import { parseHostKey } from './parse-host-key.js';
import { readKeyFile } from './read-key-file.js';

/** Options of {@link loadHostKey}. */
export interface LoadHostKeyOptions {
  /** Opens an encrypted key. Ignored if the key is not encrypted. */
  readonly passphrase?: string | Uint8Array;
  /** Chooses a key of a PKCS #12 file with several, as in {@link ParseHostKeyOptions}. */
  readonly subject?: string;
}

/**
 * Reads a private key file, in the forms of {@link parseHostKey}.
 *
 * Refuses, as OpenSSH does, a file of this user's that others may read. Files of another user, such as mounted secrets,
 * and all files on Windows are taken as they are.
 *
 * @throws SshServerError `ERR_SSH_HOST_KEY`, with the path in its message, if the file cannot be read, is open to
 *   others, or does not hold a usable private key. If the file cannot be read, `cause` is the error of the system.
 */
export async function loadHostKey(path: string, options: LoadHostKeyOptions = {}): Promise<HostKey> {
  return parseHostKey(await readKeyFile(path), { ...options, source: `host key ${path}` });
}
