import { SshServerError } from '../../errors.js';

/**
 * Makes the error of a host key that cannot be used.
 *
 * @param source - Where the key came from, for the reader of the message: a path, or `host key` for text in memory.
 */
export function hostKeyError(source: string, fault: string, cause?: unknown): SshServerError {
  return new SshServerError('ERR_SSH_HOST_KEY', `${source}: ${fault}`, cause === undefined ? {} : { cause });
}

/** The key is encrypted, and there is no passphrase. */
export const encryptedError = (source: string): SshServerError =>
  hostKeyError(
    source,
    'the private key is encrypted; give the option "passphrase", or store it without one: ssh-keygen -p -N "" -f KEY',
  );

/** The passphrase is wrong, or what it should open. */
export const lockedError = (source: string, cause?: unknown): SshServerError =>
  hostKeyError(source, 'the passphrase does not open the private key, or the file is damaged', cause);

/** The key does not have the form that it begins with. */
export const damagedError = (source: string, cause?: unknown): SshServerError =>
  hostKeyError(source, 'the private key cannot be read; the file is damaged', cause);

/** To open the key would take minutes or more. */
export const costlyError = (source: string): SshServerError =>
  hostKeyError(source, 'it would take too long to open the private key; encrypt it with fewer rounds');
