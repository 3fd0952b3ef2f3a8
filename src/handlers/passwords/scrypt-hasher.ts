import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

import { passwordHashError } from './password-hash-error.js';
import type { PasswordHasher } from './password-hasher.js';
import { formatPhcString, parsePhcString, type PhcString } from './phc-string.js';
import {
  DEFAULT_SCRYPT_PARAMETERS,
  requireScryptParameters,
  scryptMemory,
  type ScryptParameters,
} from './scrypt-parameters.js';

const ID = 'scrypt';
const PREFIX = `$${ID}$`;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** A hash of no bytes would equal every other; short ones are met by chance. */
const MIN_HASH_BYTES = 16;
const MIN_SALT_BYTES = 8;
const MAX_BYTES = 64;

/**
 * Hashes and verifies passwords with scrypt (RFC 7914), on the threads of Node: `$scrypt$ln=15,r=8,p=3$salt$hash`.
 *
 * Verifies hashes with other parameters as well, with up to 256 MiB of memory (2^21 for `2^ln · r`) and twice that to go through
 * (2^22 for `2^ln · r · p`), with salts of 8 to 64 bytes and hashes of 16 to 64. Others are refused before they cost anything.
 *
 * @throws {@link SshServerError} `ERR_SSH_PASSWORD_HASH`, when called, if the parameters are out of these bounds.
 */
export function scryptHasher(parameters: ScryptParameters = {}): Required<PasswordHasher> {
  const cost = { ...DEFAULT_SCRYPT_PARAMETERS, ...parameters };
  requireScryptParameters(cost);
  const written = (salt: Uint8Array, hash: Uint8Array): string =>
    formatPhcString({ id: ID, parameters: { ln: cost.ln, r: cost.r, p: cost.p }, salt, hash });

  return {
    prefixes: [PREFIX],
    decoy: written(randomBytes(SALT_BYTES), randomBytes(HASH_BYTES)),
    verify: async (text, password) => {
      const { salt, hash, ...stored } = readScryptHash(text);
      return timingSafeEqual(await derive(password, salt, hash.length, stored), hash);
    },
    hash: async (password) => {
      const salt = randomBytes(SALT_BYTES);
      return written(salt, await derive(password, salt, HASH_BYTES, cost));
    },
    needsRehash: (text) => {
      const { ln, r, p, salt, hash } = readScryptHash(text);
      const isLikeNew = ln === cost.ln && r === cost.r && p === cost.p;
      return !isLikeNew || salt.length < SALT_BYTES || hash.length < HASH_BYTES;
    },
  };
}

type ScryptHash = Required<ScryptParameters> & Pick<PhcString, 'salt' | 'hash'>;

function readScryptHash(text: string): ScryptHash {
  const { id, version, parameters, salt, hash } = parsePhcString(text);
  const { ln, r, p, ...others } = parameters;
  if (id !== ID || version !== undefined || Object.keys(others).length > 0) {
    throw passwordHashError('of scrypt has other fields than ln, r, p, salt and hash');
  }
  const cost = { ln: ln ?? 0, r: r ?? 0, p: p ?? 0 };
  requireScryptParameters(cost);
  if (salt.length < MIN_SALT_BYTES || salt.length > MAX_BYTES) {
    throw passwordHashError('of scrypt needs a salt of 8 to 64 bytes');
  }
  if (hash.length < MIN_HASH_BYTES || hash.length > MAX_BYTES) {
    throw passwordHashError('of scrypt needs a hash of 16 to 64 bytes');
  }
  return { ...cost, salt, hash };
}

const derive = (
  password: string,
  salt: Uint8Array,
  length: number,
  cost: Required<ScryptParameters>,
): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const options = { N: 2 ** cost.ln, r: cost.r, p: cost.p, maxmem: scryptMemory(cost) };
    scrypt(password, salt, length, options, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
