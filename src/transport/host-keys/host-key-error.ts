import { SshServerError } from '../../errors.js';

/**
 * Makes the error of a host key that cannot be used.
 *
 * @param source - Where the key came from, for the reader of the message: a path, or `host key` for text in memory.
 */
export function hostKeyError(source: string, fault: string, cause?: unknown): SshServerError {
  return new SshServerError('ERR_SSH_HOST_KEY', `${source}: ${fault}`, cause === undefined ? {} : { cause });
}
