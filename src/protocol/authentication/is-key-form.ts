import { WireReader } from '../../transport/wire/wire-reader.js';
import { isCertificateType } from './certificate-type.js';
import { isPublicKeyType, publicKeyFields } from './public-key-fields.js';

/** How the names of key formats begin. */
const NAME = /^(?:ssh|ecdsa|sk|rsa|x509v3)-[\x21-\x7e]+$/;

/**
 * Whether `blob` has the form of a public key (RFC 4253 section 6.6): the name of its type, then at least one field, and nothing to
 * spare. Of types that are known the fields are looked at.
 *
 * For lists of keys that nobody may use: a type that is not supported, or an RSA key too short to sign in with, belongs there as
 * well. A certificate does not: it would seem to be listed alone, without its key. Never throws.
 */
export function isKeyForm(blob: Uint8Array): boolean {
  const reader = new WireReader(blob);
  const type = reader.ascii();
  if (!reader.ok || !NAME.test(type) || isCertificateType(type)) return false;
  if (isPublicKeyType(type)) {
    const fields = publicKeyFields[type](reader);
    return reader.complete && (type === 'ssh-rsa' || !('fault' in fields));
  }
  if (reader.remaining === 0) return false;
  while (reader.remaining > 0) reader.string();
  return reader.ok;
}
