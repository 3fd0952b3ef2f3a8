import * as crypto from 'node:crypto';

import { costlyError, damagedError, hostKeyError } from './host-key-error.js';
import type { PuttyKeyFile } from './putty-key-file.js';

/** What a passphrase opens a key file of PuTTY's with, and what proves that it is whole. */
export interface PuttySecrets {
  /** Undefined for a file that is not encrypted. */
  readonly cipher?: { readonly key: Buffer; readonly iv: Buffer };
  readonly macKey: Buffer;
}

/** Node has it from 24.7 on. */
interface Argon2 {
  readonly argon2Sync?: (
    algorithm: string,
    parameters: {
      readonly message: Buffer;
      readonly nonce: Buffer;
      readonly parallelism: number;
      readonly tagLength: number;
      /** In KiB. */
      readonly memory: number;
      readonly passes: number;
    },
  ) => Buffer;
}

const KEY_BYTES = 32;
const IV_BYTES = 16;
const MAC_KEY_BYTES = 32;

/** 128 MiB thirty-two times: seconds. PuTTY takes 8 MiB, as often as a tenth of a second allows. */
const MAX_ARGON2_WORK_KIB = 4 * 1024 * 1024;

const sha1 = (...parts: readonly (Buffer | string)[]): Buffer => {
  const hash = crypto.createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Derives the secrets of a file. `passphrase` is of no matter if the file is not encrypted. */
export function puttySecretsOf(file: PuttyKeyFile, passphrase: Buffer, source: string): PuttySecrets {
  const isEncrypted = file.encryption !== 'none';
  if (file.version === 2) {
    const macKey = sha1('putty-private-key-file-mac-key', isEncrypted ? passphrase : '');
    if (!isEncrypted) return { macKey };
    const key = Buffer.concat([0, 1].map((count) => sha1(Buffer.of(0, 0, 0, count), passphrase)));
    return { cipher: { key: key.subarray(0, KEY_BYTES), iv: Buffer.alloc(IV_BYTES) }, macKey };
  }
  if (!isEncrypted) return { macKey: Buffer.alloc(0) };
  const derived = deriveByArgon2(file, passphrase, source);
  return {
    cipher: { key: derived.subarray(0, KEY_BYTES), iv: derived.subarray(KEY_BYTES, KEY_BYTES + IV_BYTES) },
    macKey: derived.subarray(KEY_BYTES + IV_BYTES),
  };
}

function deriveByArgon2({ fields }: PuttyKeyFile, message: Buffer, source: string): Buffer {
  // A namespace, since importing a name that is not there would fail.
  const { argon2Sync } = crypto as Argon2;
  if (argon2Sync === undefined) {
    const fault =
      'to open an encrypted PuTTY key of version 3 takes Node 24.7 or later. ' +
      'Convert it: puttygen KEY.ppk -O private-openssh -o KEY';
    throw hostKeyError(source, fault);
  }
  const number = (name: string): number => {
    const text = fields.get(`Argon2-${name}`) ?? '';
    return /^\d{1,9}$/u.test(text) ? Number(text) : 0;
  };
  const [memory, passes, parallelism] = [number('Memory'), number('Passes'), number('Parallelism')];
  if (memory * passes > MAX_ARGON2_WORK_KIB) throw costlyError(source);
  const nonce = Buffer.from(fields.get('Argon2-Salt') ?? '', 'hex');
  try {
    const algorithm = (fields.get('Key-Derivation') ?? '').toLowerCase();
    const tagLength = KEY_BYTES + IV_BYTES + MAC_KEY_BYTES;
    return argon2Sync(algorithm, { message, nonce, parallelism, tagLength, memory, passes });
  } catch (cause) {
    throw damagedError(source, cause);
  }
}
