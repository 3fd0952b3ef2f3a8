import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';

import { SshServerError } from '../../errors.js';
import { passwordHashError } from './password-hash-error.js';
import type { PasswordHasher } from './password-hasher.js';
import { scryptHasher } from './scrypt-hasher.js';
import { WorkQueue } from './work-queue.js';

/** Options of {@link PasswordHashing}. */
export interface PasswordHashingOptions {
  /** The first hashes new passwords, each verifies hashes with its prefixes. Default {@link scryptHasher} alone. */
  readonly hashers?: readonly PasswordHasher[];
  /**
   * Hashes at once. Each takes a thread, of which Node has four unless `UV_THREADPOOL_SIZE` says otherwise, and shares them with
   * files and names; and its memory. Integer, at least 1. Default 2.
   */
  readonly maxConcurrent?: number;
  /** Hashes that wait for their turn; those beyond are refused. Integer, 0 or more. Default 64. */
  readonly maxWaiting?: number;
  /** Passwords that are longer, in bytes of UTF-8, are wrong, at the same cost. Integer, at least 1. Default 1024. */
  readonly maxPasswordBytes?: number;
  /**
   * What is verified for users who have no hash: see {@link PasswordHashing}. Default the decoy of the first of `hashers`. They are
   * kept like hashes of users, since who knows them can tell which users do not exist.
   */
  readonly decoys?: readonly string[];
}

/** What can be said besides to {@link PasswordHashing.verify}. */
export interface PasswordVerification {
  /** Whose password it is to be. Picks the decoy, if there are several. */
  readonly user?: string;
  /** Aborted when nobody waits for the answer any more; what has not begun is not begun then. */
  readonly signal?: AbortSignal;
}

/** What became of a password. */
export interface PasswordVerdict {
  /** Whether the password is the one of the hash. */
  readonly correct: boolean;
  /** Whether the password was right and should be hashed anew, since new hashes are made in another way or cost more. */
  readonly needsRehash: boolean;
}

/**
 * Hashes and verifies passwords: several schemes side by side, a bounded number at once, the same work whoever asks.
 *
 * What costs the same: a wrong password, an empty one and one that is too long, of a user who exists, who does not, whose
 * account is locked, and whose hash cannot be read. Each is one verification. Without a hash it is that of a decoy, a hash of which
 * nobody knows a password.
 *
 * The decoy costs what new hashes cost. While users have hashes of several kinds, who takes another time than the decoy
 * does exist; so give as `decoys` a hash of each kind, as often as it is among your users. Each name always gets the same one
 * of them, in every process that has the same decoys in the same order. Or hash anew what passwords come in, until one kind is left.
 */
export class PasswordHashing {
  readonly #hashers: readonly PasswordHasher[];
  readonly #first: PasswordHasher;
  readonly #decoys: readonly ReadHash[];
  readonly #firstDecoy: ReadHash;
  readonly #decoyKey: string;
  readonly #maxPasswordBytes: number;
  readonly #queue: WorkQueue;

  /** @throws {@link SshServerError} `ERR_SSH_OPTION` if an option is out of range, or a decoy is for none of the hashers. */
  constructor(options: PasswordHashingOptions = {}) {
    const { hashers = [scryptHasher()], maxConcurrent = 2, maxWaiting = 64, maxPasswordBytes = 1024 } = options;
    const [first] = hashers;
    if (first === undefined) throw badOption('hashers', 'must have at least one', hashers);
    const { decoys = [first.decoy] } = options;
    requireInteger('maxConcurrent', maxConcurrent, 1);
    requireInteger('maxWaiting', maxWaiting, 0);
    requireInteger('maxPasswordBytes', maxPasswordBytes, 1);
    this.#hashers = [...hashers];
    this.#first = first;
    this.#maxPasswordBytes = maxPasswordBytes;
    this.#queue = new WorkQueue({ maxConcurrent, maxWaiting });
    this.#decoyKey = decoys.join('\n');
    this.#decoys = decoys.flatMap((hash) => {
      const hasher = this.#hasherOf(hash);
      return hasher === undefined ? [] : { hasher, hash };
    });
    const [firstDecoy] = this.#decoys;
    if (firstDecoy === undefined || this.#decoys.length < decoys.length) {
      // Not shown: see `decoys`.
      throw new SshServerError('ERR_SSH_OPTION', 'PasswordHashing: decoys must be hashes that the hashers verify');
    }
    this.#firstDecoy = firstDecoy;
  }

  /**
   * Whether `password` is the one of `hash`. Without a hash, or with one that begins with `!` or `*`, as shadow(5) locks an account,
   * it is not. Nor is one that is empty or too long.
   *
   * @throws {@link SshServerError} `ERR_SSH_PASSWORD_HASH`, as a rejection, after the same work, if the hash is of no known kind,
   * cannot be read or costs too much; `ERR_SSH_BUSY` if too many wait; the reason of `signal`.
   */
  async verify(
    hash: string | undefined,
    password: string,
    { user = '', signal }: PasswordVerification = {},
  ): Promise<PasswordVerdict> {
    // One way for all of them, from here to the last promise.
    const decoy = this.#decoyOf(user);
    const tried = this.#isPossible(password) ? password : '';
    const given = hash ?? decoy.hash;
    const text = isLocked(given) ? decoy.hash : given;
    const hasher = this.#hasherOf(text);
    const read = hasher === undefined ? decoy : { hasher, hash: text };

    return this.#queue.run(async () => {
      const isMatch = await this.#judge(read, decoy, tried);
      if (hasher === undefined) throw passwordHashError('is of a kind that no hasher knows');
      const correct = isMatch && tried !== '' && text === hash;
      return correct ? { correct, needsRehash: this.#isDated(read) } : WRONG;
    }, signal);
  }

  /**
   * Hashes a password with the first of the hashers, with a new salt.
   *
   * @throws {@link SshServerError} as rejections: `ERR_SSH_OPTION` if the password is empty or too long, or the first hasher makes
   * no hashes; `ERR_SSH_BUSY` if too many wait; the reason of `signal`.
   */
  async hash(password: string, { signal }: Pick<PasswordVerification, 'signal'> = {}): Promise<string> {
    const first = this.#first;
    if (!this.#isPossible(password)) {
      const rule = `a password must have 1 to ${String(this.#maxPasswordBytes)} bytes`;
      throw new SshServerError('ERR_SSH_OPTION', `PasswordHashing: ${rule}`);
    }
    return this.#queue.run(() => {
      if (first.hash !== undefined) return first.hash(password);
      throw new SshServerError('ERR_SSH_OPTION', 'PasswordHashing: the first of hashers must be one that makes hashes');
    }, signal);
  }

  #isPossible(password: string): boolean {
    return password !== '' && Buffer.byteLength(password, 'utf8') <= this.#maxPasswordBytes;
  }

  #hasherOf(hash: string): PasswordHasher | undefined {
    return this.#hashers.find(({ prefixes }) => prefixes.some((prefix) => hash.startsWith(prefix)));
  }

  #isDated({ hasher, hash }: ReadHash): boolean {
    return hasher !== this.#first || (hasher.needsRehash?.(hash) ?? false);
  }

  async #judge({ hasher, hash }: ReadHash, decoy: ReadHash, password: string): Promise<boolean> {
    try {
      return await hasher.verify(hash, password);
    } catch (cause) {
      // It has failed at once, which is to look like any other failure.
      await decoy.hasher.verify(decoy.hash, password);
      throw cause;
    }
  }

  /** Always the same one for a name, which nobody who does not know the decoys can foretell. */
  #decoyOf(user: string): ReadHash {
    const digest = createHmac('sha256', this.#decoyKey).update(user, 'utf8').digest();
    return this.#decoys[digest.readUInt32BE() % this.#decoys.length] ?? this.#firstDecoy;
  }
}

/** A hash and who verifies it. */
interface ReadHash {
  readonly hasher: PasswordHasher;
  readonly hash: string;
}

const WRONG: PasswordVerdict = { correct: false, needsRehash: false };

const isLocked = (hash: string): boolean => /^[!*]/.test(hash);

function requireInteger(option: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && Number(value) >= least) return;
  throw badOption(option, `must be an integer of at least ${String(least)}`, value);
}

const badOption = (option: string, rule: string, value: unknown): SshServerError =>
  new SshServerError('ERR_SSH_OPTION', `PasswordHashing: ${option} ${rule}, got ${inspect(value, { depth: 0 })}`);
