import { sharedPasswordHashing } from './shared-password-hashing.js';

/**
 * Whether `password` is the one of `hash`, which {@link hashPassword} has made; without a hash it takes the same time to say no.
 *
 * All calls in a process wait for their turn together, with the policies that have no {@link PasswordHashing} of their own.
 *
 * @throws {@link SshServerError} `ERR_SSH_PASSWORD_HASH`, as a rejection, if the hash cannot be read or costs too much;
 * `ERR_SSH_BUSY` if too many wait.
 */
export async function verifyPassword(hash: string | undefined, password: string): Promise<boolean> {
  return (await sharedPasswordHashing().verify(hash, password)).correct;
}
