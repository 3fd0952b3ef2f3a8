import { stat } from 'node:fs/promises';

import { authorizedKeysFile, grantPublicKey, type Policy, type SSHUserAuthRequest } from 'rxsshd';

import { SettingError } from './setting-error.js';

/**
 * The policy that signs `users` in with the keys of an authorized_keys file (sshd(8)), read again whenever it has changed.
 *
 * @throws SettingError if the file cannot be used, or one of its lines gives no key that this server can honour: a
 *   mistake in such a file is better found at the start than at the door. One that is made later costs its own line.
 */
export async function authorizedKeys(
  file: string,
  users: readonly [string, ...string[]],
): Promise<Policy<SSHUserAuthRequest>> {
  const unusable = (cause: unknown): never => {
    throw new SettingError('AUTHORIZED_KEYS', file, cause instanceof Error ? cause.message : 'it cannot be read');
  };
  // One file for all, by a function: a percent sign in its path is no token. Whoever starts the server has named this one file, and
  // knows who may write there.
  const keysOf = authorizedKeysFile(() => file, { strictModes: false, lookEveryMs: 50 });
  // Later, a file that is gone is one without keys. At the start it is a mistake.
  await stat(file).catch(unusable);
  const found = await keysOf(users[0]);
  if ('unavailable' in found) return unusable(found.unavailable);
  grantPublicKey(found, {
    onProblem: ({ line, message }) => {
      throw new SettingError('AUTHORIZED_KEYS', file, `line ${String(line)}: ${message}`);
    },
  });
  return grantPublicKey(keysOf, {
    user: users,
    onProblem: ({ line, message }) => {
      console.error(`${file}, line ${String(line)}: ${message}`);
    },
  });
}
