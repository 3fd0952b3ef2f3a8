import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { type HostKey, loadHostKey, loadOrCreateHostKey } from 'rxsshd';

const DEFAULT_KEY = 'ssh_host_ed25519_key';

/**
 * The host keys in `folder`, named as OpenSSH names them. Makes an Ed25519 key at the first start.
 *
 * @throws SshServerError `ERR_SSH_HOST_KEY` for a key that cannot be used: leaving it out would show clients another
 *   key than yesterday.
 */
export async function loadHostKeys(folder: string): Promise<readonly HostKey[]> {
  const first = await loadOrCreateHostKey(path.join(folder, DEFAULT_KEY));
  const names = await readdir(folder);
  const others = names.filter((name) => /^ssh_host_\w+_key$/.test(name) && name !== DEFAULT_KEY).sort();
  return [first, ...(await Promise.all(others.map((name) => loadHostKey(path.join(folder, name)))))];
}
