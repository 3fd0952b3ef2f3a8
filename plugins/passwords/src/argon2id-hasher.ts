import { randomBytes, timingSafeEqual } from 'node:crypto';

import { formatPhcString, parsePhcString, type PasswordHasher } from 'rxsshd';

import { argon2Engine } from './argon2-engine.js';
import {
  type Argon2idParameters,
  DEFAULT_ARGON2ID_PARAMETERS,
  requireArgon2idParameters,
} from './argon2id-parameters.js';
import { hashError } from './hash-error.js';

const ID = 'argon2id';
const VERSION = 19;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** A hash of few bytes is met by chance. */
const MIN_HASH_BYTES = 16;
const MIN_SALT_BYTES = 8;
const MAX_BYTES = 64;

/**
 * Hashes and verifies passwords with argon2id (RFC 9106), off the main thread: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
 *
 * Computed by Node itself where it can (24.7 and later), else by the package `argon2`. Verifies hashes with other parameters as well, with
 * up to 256 MiB, 16 lanes and 4 GiB (`m · t`) to go through, salts of 8 to 64 bytes and hashes of 16 to 64. Others are refused before they
 * cost anything, and so is the version 1.0.
 *
 * @throws SshServerError `ERR_SSH_PASSWORD_HASH`, when called, if the parameters are out of these bounds
 */
export function argon2idHasher(parameters: Argon2idParameters = {}): Required<PasswordHasher> {
  const cost = { ...DEFAULT_ARGON2ID_PARAMETERS, ...parameters };
  requireArgon2idParameters(cost);
  const engine = argon2Engine();
  const written = (salt: Uint8Array, hash: Uint8Array): string =>
    formatPhcString({ id: ID, version: VERSION, parameters: { m: cost.m, t: cost.t, p: cost.p }, salt, hash });

  return {
    prefixes: [`$${ID}$`],
    decoy: written(randomBytes(SALT_BYTES), randomBytes(HASH_BYTES)),
    verify: async (text, password) => {
      const { hash, ...stored } = readArgon2idHash(text);
      return timingSafeEqual(await engine({ ...stored, password, length: hash.length }), hash);
    },
    hash: async (password) => {
      const salt = randomBytes(SALT_BYTES);
      return written(salt, await engine({ ...cost, password, salt, length: HASH_BYTES }));
    },
    needsRehash: (text) => {
      const { m, t, p, salt, hash } = readArgon2idHash(text);
      const isLikeNew = m === cost.m && t === cost.t && p === cost.p;
      return !isLikeNew || salt.length < SALT_BYTES || hash.length < HASH_BYTES;
    },
  };
}

interface Argon2idHash extends Required<Argon2idParameters> {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

function readArgon2idHash(text: string): Argon2idHash {
  const { id, version, parameters, salt, hash } = parsePhcString(text);
  const { m = 0, t = 0, p = 0, ...others } = parameters;
  if (id !== ID || version !== VERSION || Object.keys(others).length > 0) {
    throw hashError('of argon2id has other fields than v=19, m, t, p, salt and hash');
  }
  const cost = { m, t, p };
  requireArgon2idParameters(cost);
  if (salt.length < MIN_SALT_BYTES || salt.length > MAX_BYTES) {
    throw hashError('of argon2id needs a salt of 8 to 64 bytes');
  }
  if (hash.length < MIN_HASH_BYTES || hash.length > MAX_BYTES) {
    throw hashError('of argon2id needs a hash of 16 to 64 bytes');
  }
  return { ...cost, salt, hash };
}
