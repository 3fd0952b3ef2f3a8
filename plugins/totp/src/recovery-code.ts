import { createHash } from 'node:crypto';

/** The digits of Crockford's base32, without I, L, O and U. */
export const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** 80 bits: so many that nobody finds a code by its digest, however fast that is. */
export const CODE_LENGTH = 16;

const CODE = new RegExp(`^[${ALPHABET}]{${String(CODE_LENGTH)}}$`);

/** A recovery code as it was made, from what somebody has typed; undefined if it is none. */
export function readRecoveryCode(typed: string): string | undefined {
  const code = typed.replaceAll(/[\s-]/g, '').toUpperCase().replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  return CODE.test(code) ? code : undefined;
}

/** What is stored of a code: it belongs to one account, so nobody finds equal ones, or uses one for another. */
export const recoveryDigest = (account: string, code: string): string =>
  createHash('sha256').update(`rxsshd recovery code\0${account}\0${code}`, 'utf8').digest('base64url');
