import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { certifyHostKey, type HostKey, loadHostKey, loadOrCreateHostKey } from 'rxsshd';

const DEFAULT_KEY = 'ssh_host_ed25519_key';

/**
 * The host keys in `folder`, named as OpenSSH names them: `ssh_host_*_key`, and beside a key its certificate, `ssh_host_*_key-cert.pub`.
 * Makes an Ed25519 key at the first start. The keys are in the order of their names, the Ed25519 key of that name first.
 *
 * @throws SshServerError `ERR_SSH_HOST_KEY` for a key that cannot be used: leaving it out would show clients another
 *   key than yesterday.
 */
export async function loadHostKeys(folder: string): Promise<readonly HostKey[]> {
  await loadOrCreateHostKey(path.join(folder, DEFAULT_KEY));
  const names = await readdir(folder);
  const others = names.filter((name) => /^ssh_host_\w+_key$/.test(name) && name !== DEFAULT_KEY).sort();
  return Promise.all(
    [DEFAULT_KEY, ...others].map(async (name) => {
      const key = await loadHostKey(path.join(folder, name));
      const certificate = `${name}-cert.pub`;
      if (!names.includes(certificate)) return key;
      const file = path.join(folder, certificate);
      return certifyHostKey(key, await readFile(file, 'utf8'), { source: `host certificate ${file}` });
    }),
  );
}
