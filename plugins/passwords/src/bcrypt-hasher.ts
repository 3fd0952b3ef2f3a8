import { inspect } from 'node:util';

import { type PasswordHasher, SshServerError } from 'rxsshd';

import { BCRYPT_COSTS, bcryptDecoy, requireBcryptHash } from './bcrypt-hash.js';
import { BcryptPool } from './bcrypt-pool.js';

/** Options of {@link bcryptHasher}. */
export interface BcryptHasherOptions {
  /** Worker threads at most; each is started when it is first needed. Integer from 1 to 64. Default 1. */
  readonly workers?: number;
  /** Hashes that cost more are refused; each step doubles the time. Integer from 4 to 31. Default 14, some seconds. */
  readonly maxCost?: number;
  /** The cost of the decoy: that of most of your hashes. Integer from 4 to `maxCost`. Default 10. */
  readonly decoyCost?: number;
  /**
   * What becomes of passwords beyond 72 bytes of UTF-8, of which bcrypt sees the first 72. Default `refuse`: they are wrong. `truncate`
   * takes them as most systems do that hashes come from, and with them every other password that begins with the same 72 bytes.
   */
  readonly longPasswords?: 'refuse' | 'truncate';
}

/** A hasher that has threads. */
export interface BcryptHasher extends PasswordHasher {
  /** Ends its threads. What it is asked then, or has not answered yet, is rejected with `ERR_SSH_STATE`. */
  close(): Promise<void>;
}

/** What bcrypt sees of a password. */
const MAX_BYTES = 72;

/**
 * Verifies password hashes of bcrypt that come from elsewhere (`$2a$`, `$2b$` and `$2y$`), in worker threads: it is written in
 * JavaScript, and would hold up everybody for the tenth of a second that it takes.
 *
 * It makes no hashes, so it is never the first of `hashers`; a hash of bcrypt always needs to be made anew.
 *
 * @throws SshServerError `ERR_SSH_OPTION`, when called, if an option is out of range
 */
export function bcryptHasher(options: BcryptHasherOptions = {}): BcryptHasher {
  const { workers = 1, maxCost = 14, decoyCost = 10, longPasswords = 'refuse' } = options;
  requireInteger('workers', workers, 1, 64);
  requireInteger('maxCost', maxCost, BCRYPT_COSTS.least, BCRYPT_COSTS.most);
  requireInteger('decoyCost', decoyCost, BCRYPT_COSTS.least, maxCost);
  if (!['refuse', 'truncate'].includes(longPasswords)) {
    throw badOption('longPasswords', "must be 'refuse' or 'truncate'", longPasswords);
  }
  const pool = new BcryptPool(workers);

  return {
    prefixes: ['$2a$', '$2b$', '$2y$'],
    decoy: bcryptDecoy(decoyCost),
    verify: async (hash, password) => {
      requireBcryptHash(hash, maxCost);
      const isRefused = longPasswords === 'refuse' && Buffer.byteLength(password, 'utf8') > MAX_BYTES;
      // At the same cost, so that nobody learns by the time where the limit is, or whose hash is of which kind.
      const correct = await pool.verify({ hash, password: isRefused ? '' : password });
      return correct && !isRefused;
    },
    needsRehash: () => true,
    close: () => pool.close(),
  };
}

function requireInteger(option: string, value: unknown, least: number, most: number): void {
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return;
  throw badOption(option, `must be an integer from ${String(least)} to ${String(most)}`, value);
}

const badOption = (option: string, rule: string, value: unknown): SshServerError =>
  new SshServerError('ERR_SSH_OPTION', `bcryptHasher: ${option} ${rule}, got ${inspect(value)}`);
