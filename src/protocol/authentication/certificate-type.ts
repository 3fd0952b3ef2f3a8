import { isPublicKeyType, type PublicKeyType } from './public-key-fields.js';

const SUFFIX = '-cert-v01@openssh.com';
const VENDOR = '@openssh.com';

/** Without the name of its vendor, which certificate types have at their own end. */
type Unqualified<Name extends string> = Name extends `${infer Stem}@openssh.com` ? Stem : Name;

/** The types of user certificates, one for each type of key (OpenSSH PROTOCOL.certkeys and PROTOCOL.u2f). */
export type CertificateType = `${Unqualified<PublicKeyType>}-cert-v01@openssh.com`;

/** What a type of keys, or a signature algorithm, is called where certificates are meant. */
export const certificateNameOf = (name: string): string =>
  `${name.endsWith(VENDOR) ? name.slice(0, -VENDOR.length) : name}${SUFFIX}`;

/** The type of the keys that certificates of type `name` certify; undefined if that is no type of certificates. */
export function certifiedTypeOf(name: string): PublicKeyType | undefined {
  if (!name.endsWith(SUFFIX)) return undefined;
  const stem = name.slice(0, -SUFFIX.length);
  return [stem, `${stem}${VENDOR}`].find(isPublicKeyType);
}

/** True for the types that {@link readCertificate} reads. */
export const isCertificateType = (name: string): name is CertificateType => certifiedTypeOf(name) !== undefined;
