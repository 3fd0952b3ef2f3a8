/**
 * One way of hashing passwords: scrypt is built in, plugins bring others.
 *
 * Methods work off the main thread if they take long.
 */
export interface PasswordHasher {
  /** How the hashes begin that it verifies: `$scrypt$`. Of two hashers that both know a prefix, the first is asked. */
  readonly prefixes: readonly string[];
  /**
   * A hash that costs what its new ones cost, and of which nobody knows a password. It is verified where there is no hash, so
   * that users who do not exist cost the same.
   */
  readonly decoy: string;
  /**
   * Whether `password` is the one of `hash`. Compares in constant time.
   *
   * Throws or rejects, and does so before it works, if the hash cannot be read, or if it costs more than it should: with an
   * {@link SshServerError} `ERR_SSH_PASSWORD_HASH`, which {@link grantHashedPassword} takes for a wrong password. Whatever else it fails with is
   * a failure of the hasher.
   */
  verify(hash: string, password: string): boolean | PromiseLike<boolean>;
  /** Hashes a password, with a salt of its own. Absent in a hasher that is for imported hashes only. */
  hash?(password: string): PromiseLike<string>;
  /** Whether `hash`, which has one of its prefixes, is not as it makes new ones. Absent: it never is. */
  needsRehash?(hash: string): boolean;
}
