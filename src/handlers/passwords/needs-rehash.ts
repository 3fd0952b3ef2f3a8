import { scryptHasher } from './scrypt-hasher.js';
import type { ScryptParameters } from './scrypt-parameters.js';

/**
 * Whether {@link hashPassword} would make another kind of hash with these parameters: of another function, of another cost, or
 * with a longer salt. True for what cannot be read.
 *
 * @throws {@link SshServerError} `ERR_SSH_PASSWORD_HASH` if the parameters are out of range.
 */
export function needsRehash(hash: string, parameters?: ScryptParameters): boolean {
  const hasher = scryptHasher(parameters);
  try {
    return hasher.needsRehash(hash);
  } catch {
    return true;
  }
}
