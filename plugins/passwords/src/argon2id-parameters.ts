import { hashError } from './hash-error.js';

/** What a hash by argon2id costs (RFC 9106 section 3.1). */
export interface Argon2idParameters {
  /** Memory in KiB. Default 19,456. */
  readonly m?: number;
  /** Passes over it. Default 2. */
  readonly t?: number;
  /** Lanes. Default 1. */
  readonly p?: number;
}

/** 19 MiB and two passes: what OWASP recommends. */
export const DEFAULT_ARGON2ID_PARAMETERS: Required<Argon2idParameters> = { m: 19_456, t: 2, p: 1 };

/** A quarter of a gigabyte; four gigabytes to go through. More than that is an attack, or a slip of the pen. */
const MAX_KIB = 2 ** 18;
const MAX_WORK_KIB = 2 ** 22;
const MAX_LANES = 16;

/**
 * Checks that argon2id can work with the parameters, and in bounds: 256 MiB, 16 lanes, 4 GiB to go through in all passes.
 *
 * @throws SshServerError `ERR_SSH_PASSWORD_HASH` if not
 */
export function requireArgon2idParameters({ m, t, p }: Required<Argon2idParameters>): void {
  if (![m, t, p].every((it) => Number.isInteger(it) && it >= 1)) {
    throw hashError('of argon2id needs m, t and p, each an integer of at least 1');
  }
  if (p > MAX_LANES) throw hashError('of argon2id has more than 16 lanes');
  if (m < 8 * p) throw hashError('of argon2id has less memory than 8 KiB for each lane');
  if (m > MAX_KIB) throw hashError('of argon2id needs more than 256 MiB to verify');
  if (m * t > MAX_WORK_KIB) throw hashError('of argon2id takes too long to verify');
}
