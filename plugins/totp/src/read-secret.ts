import { Secret } from 'otpauth';
import { SshServerError } from 'rxsshd';

/**
 * The key behind a secret in base32 (RFC 4648 section 6), as applications show it: blanks, dashes, small letters and padding do not
 * matter.
 *
 * @throws SshServerError `ERR_SSH_OPTION` if it is no base32 or shorter than `minBytes`. The message does not show it.
 */
export function readSecret(text: string, minBytes: number): Secret {
  const base32 = text.replaceAll(/[\s-]/g, '').replace(/=+$/, '').toUpperCase();
  if (!/^[A-Z2-7]+$/.test(base32)) throw new SshServerError('ERR_SSH_OPTION', 'the TOTP secret is no base32');
  const secret = Secret.fromBase32(base32);
  if (secret.bytes.length < minBytes) {
    throw new SshServerError('ERR_SSH_OPTION', `the TOTP secret has fewer than ${String(minBytes)} bytes`);
  }
  return secret;
}
