import { WireReader } from '../../transport/wire/wire-reader.js';
import type { Certificate } from './certificate.js';
import { type CertificateType, isCertificateType } from './certificate-type.js';
import type { PublicKeyType } from './public-key-fields.js';
import { parsePublicKey, type PublicKey } from './public-key.js';
import { type CertificateTrust, readCertificate } from './read-certificate.js';

/** The types of what a user may sign in with. */
export type UserKeyType = PublicKeyType | CertificateType;

/**
 * A public key with what a certification authority says of it (OpenSSH PROTOCOL.certkeys). The signature of the authority is
 * right; whether anybody trusts it is another matter.
 */
export interface CertifiedKey extends Omit<PublicKey, 'type'> {
  readonly type: CertificateType;
  /** The certificate in wire form. A copy, not to be written to. */
  readonly blob: Buffer;
  /** The fingerprint of {@link publicKey}, as `ssh-keygen -l` prints it for a certificate as well. */
  readonly fingerprint: string;
  /** The key that is certified. */
  readonly publicKey: PublicKey;
  readonly certificate: Certificate;
}

/** What a user may sign in with. Says nothing about who holds the private key. */
export type UserKey = PublicKey | CertifiedKey;

/** The key that signs. */
export const plainKeyOf = (key: UserKey): PublicKey => ('certificate' in key ? key.publicKey : key);

/**
 * Parses what a client shows: a public key, as {@link parsePublicKey} does, or a certificate whose signature is right. Never
 * throws, whatever the bytes are.
 *
 * @param trust - Which certificates count. Default those of users, signed in any way that is accepted at all.
 * @returns undefined if there is neither.
 */
export function parseUserKey(blob: Uint8Array, trust: CertificateTrust = {}): UserKey | undefined {
  if (!isCertificateType(new WireReader(blob).ascii())) return parsePublicKey(blob);
  const reading = readCertificate(blob, trust);
  return 'key' in reading ? reading.key : undefined;
}
