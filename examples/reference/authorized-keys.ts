import { readFile } from 'node:fs/promises';

import { grantPublicKey, type Policy, type SSHUserAuthRequest } from 'rxsshd';

import { SettingError } from './setting-error.js';

/**
 * The policy that signs `user` in with the keys of an authorized_keys file (sshd(8)), read once.
 *
 * @throws SettingError if the file cannot be read, or one of its lines gives no key that this server can honour: a
 *   mistake in such a file is better found at the start than at the door.
 */
export async function authorizedKeys(file: string, user: string): Promise<Policy<SSHUserAuthRequest>> {
  const content = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new SettingError('AUTHORIZED_KEYS', file, cause instanceof Error ? cause.message : 'it cannot be read');
  });
  return grantPublicKey(content, {
    user,
    onProblem: ({ line, message }) => {
      throw new SettingError('AUTHORIZED_KEYS', file, `line ${String(line)}: ${message}`);
    },
  });
}
