import { randomInt } from 'node:crypto';

import { hashError } from './hash-error.js';

/** The digits of bcrypt's base64. */
const ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Those that a salt can end with: four bits of its last digit stand for nothing. */
const SALT_ENDS = '.Oeu';

const HASH = /^\$2[aby]\$(?<cost>0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}$/;

/** The lowest and the highest cost there is. */
export const BCRYPT_COSTS = { least: 4, most: 31 } as const;

/**
 * Checks a hash, which is not shown in any error.
 *
 * @throws SshServerError `ERR_SSH_PASSWORD_HASH` if it is none of bcrypt, or costs more than `maxCost`
 */
export function requireBcryptHash(text: string, maxCost: number): void {
  const cost = HASH.exec(text)?.groups?.['cost'];
  if (cost === undefined) throw hashError('is none of bcrypt: $2a$, $2b$ or $2y$, a cost, 53 digits');
  if (Number(cost) > maxCost) throw hashError(`of bcrypt has a cost above ${String(maxCost)}`);
}

/** A hash of which nobody knows a password. */
export function bcryptDecoy(cost: number): string {
  const digits = (count: number): string =>
    Array.from({ length: count }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  const end = SALT_ENDS[randomInt(SALT_ENDS.length)] ?? '.';
  return `$2b$${String(cost).padStart(2, '0')}$${digits(21)}${end}${digits(31)}`;
}
