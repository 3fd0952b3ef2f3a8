import { SshServerError } from 'rxsshd';

/**
 * The error for a hash that cannot be read, or that costs more to verify than anybody should be able to ask for. Never shows the hash.
 *
 * @param rule - the end of a sentence that begins with "the password hash"
 */
export const hashError = (rule: string): SshServerError =>
  new SshServerError('ERR_SSH_PASSWORD_HASH', `the password hash ${rule}`);
