import { TOTP } from 'otpauth';

import { readSecret } from './read-secret.js';
import { readParameters, type TotpParameters } from './totp-parameters.js';

/** What {@link totpUri} makes an address of. */
export interface TotpUriOptions extends TotpParameters {
  /** Who asks for the codes, such as the name of the company. */
  readonly issuer: string;
  /** Whose codes they are, such as `ann@bastion.example.com`. */
  readonly account: string;
  /** In base32, as {@link generateTotpSecret} makes it. */
  readonly secret: string;
}

/**
 * The `otpauth://` address by which an application learns of a secret: show it as a QR code, to its user alone, and once.
 *
 * @throws SshServerError `ERR_SSH_OPTION` if the secret is no base32; `ERR_SSH_POLICY_OPTION` if a parameter is wrong
 */
export function totpUri({ issuer, account, secret, ...parameters }: TotpUriOptions): string {
  const { digits, period, algorithm } = readParameters('totpUri', parameters);
  return new TOTP({ issuer, label: account, secret: readSecret(secret, 1), digits, period, algorithm }).toString();
}
