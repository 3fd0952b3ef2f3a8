import { passwordHashError } from './password-hash-error.js';

/** What a hash by scrypt costs (RFC 7914 section 2). */
export interface ScryptParameters {
  /** The cost is 2 to the power of this. Default 15. */
  readonly ln?: number;
  /** The block size, in 128 bytes. Default 8. */
  readonly r?: number;
  /** How often in a row. Default 3. */
  readonly p?: number;
}

/** 32 MiB for a fifth of a second or so: one of the settings that OWASP recommends, and the one that needs least memory. */
export const DEFAULT_SCRYPT_PARAMETERS: Required<ScryptParameters> = { ln: 15, r: 8, p: 3 };

/** In blocks of 128 bytes. More than any recommendation asks for: what costs more is an attack, or a slip of the pen. */
const MAX_MEMORY = 2 ** 21;
const MAX_WORK = 2 ** 22;

/**
 * Checks that scrypt can work with the parameters, and in bounds: 256 MiB, and half a gigabyte to go through.
 *
 * @throws {@link SshServerError} `ERR_SSH_PASSWORD_HASH` if not.
 */
export function requireScryptParameters({ ln, r, p }: Required<ScryptParameters>): void {
  if (![ln, r, p].every((it) => Number.isInteger(it) && it >= 1)) {
    throw passwordHashError('of scrypt needs ln, r and p, each an integer of at least 1');
  }
  // RFC 7914 section 2 bounds the cost by the size of a block.
  if (ln >= 16 * r) throw passwordHashError('of scrypt has an ln that is too large for its r');
  if (2 ** ln * r > MAX_MEMORY) throw passwordHashError('of scrypt needs more than 256 MiB to verify');
  if (2 ** ln * r * p > MAX_WORK) throw passwordHashError('of scrypt takes too long to verify');
}

/** What OpenSSL needs for one hash, in bytes, to the byte: the default of Node is too little for these parameters. */
export const scryptMemory = ({ ln, r, p }: Required<ScryptParameters>): number => 128 * r * (2 ** ln + 2 + p);
