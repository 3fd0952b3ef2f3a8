import { SshServerError } from '../../errors.js';

/**
 * The error for a hash that cannot be read, or that costs more to verify than anybody should be able to ask for.
 *
 * It says what is wrong and never shows the hash: with it, passwords can be guessed at leisure.
 *
 * @param rule - The end of a sentence that begins with "the password hash", such as `is longer than 512 characters`.
 */
export const passwordHashError = (rule: string): SshServerError =>
  new SshServerError('ERR_SSH_PASSWORD_HASH', `the password hash ${rule}`);
