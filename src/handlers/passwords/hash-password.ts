import { SshServerError } from '../../errors.js';
import { scryptHasher } from './scrypt-hasher.js';
import type { ScryptParameters } from './scrypt-parameters.js';

/**
 * Hashes a password with scrypt, off the main thread, for the store that {@link grantHashedPassword} reads from.
 *
 * For those who set up accounts: it waits for nobody. Where peers decide how often, {@link PasswordHashing} bounds how many
 * are hashed at once.
 *
 * @returns such as `$scrypt$ln=15,r=8,p=3$` and, in base64, salt and hash
 *
 * @example
 * ```ts
 * const hash = await hashPassword('correct horse battery staple');
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_OPTION`, as a rejection, if the password is empty; `ERR_SSH_PASSWORD_HASH` if the
 * parameters are out of range.
 */
export async function hashPassword(password: string, parameters?: ScryptParameters): Promise<string> {
  if (password === '') throw new SshServerError('ERR_SSH_OPTION', 'hashPassword: the password must not be empty');
  return scryptHasher(parameters).hash(password);
}
