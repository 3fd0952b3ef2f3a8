import { randomBytes } from 'node:crypto';

import { SshServerError } from 'rxsshd';

import { ALPHABET, CODE_LENGTH, recoveryDigest } from './recovery-code.js';

/** New recovery codes of a user. */
export interface GeneratedRecoveryCodes {
  /** For the user, to be written down, and for nobody else: `7K3M-90QX-AZ4T-V5HE`. */
  readonly codes: readonly string[];
  /** For the {@link RecoveryCodeStore}, in the same order. */
  readonly digests: readonly string[];
}

const MAX_COUNT = 100;

/**
 * Makes recovery codes of 80 random bits each.
 *
 * @param account - the user's name, or what `accountOf` makes of it: the codes are good for that alone
 * @param count - integer from 1 to 100. Default 10
 * @throws SshServerError `ERR_SSH_OPTION` if `count` is out of range
 */
export function generateRecoveryCodes(account: string, count = 10): GeneratedRecoveryCodes {
  if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT) {
    const rule = `count must be an integer from 1 to ${String(MAX_COUNT)}`;
    throw new SshServerError('ERR_SSH_OPTION', `generateRecoveryCodes: ${rule}, got ${String(count)}`);
  }
  // Five bits of each byte, so that all digits are as likely.
  const codes = Array.from({ length: count }, () =>
    Array.from(randomBytes(CODE_LENGTH), (byte) => ALPHABET[byte & 31]).join(''),
  );
  return {
    codes: codes.map((code) => code.replaceAll(/(.{4})(?=.)/g, '$1-')),
    digests: codes.map((code) => recoveryDigest(account, code)),
  };
}
