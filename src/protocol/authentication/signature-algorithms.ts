import { verify } from 'node:crypto';

import { certificateNameOf } from './certificate-type.js';
import { readEcdsaPair, verifyEcdsaPair } from './ecdsa-pair.js';
import type { PublicKeyType } from './public-key-fields.js';
import { securityKeyAlgorithms } from './security-key-algorithms.js';
import type { SignatureAlgorithm } from './signature-algorithm.js';
import type { UserKeyType } from './user-key.js';
import { widened } from './widened.js';

/** RFC 8709 section 6: one string of 64 bytes. */
const ed25519: SignatureAlgorithm = {
  name: 'ssh-ed25519',
  keyType: 'ssh-ed25519',
  verify: (key, signed, reader) => {
    const signature = reader.string();
    return reader.complete && signature.length === 64 && verify(null, signed, key.keyObject, signature);
  },
};

/** RFC 5656 section 3.1.2: one string that holds the integers r and s. */
const ecdsa = (name: PublicKeyType & `ecdsa-${string}`, digest: string): SignatureAlgorithm => ({
  name,
  keyType: name,
  verify: (key, signed, reader) => {
    const pair = readEcdsaPair(reader, key.bits);
    return reader.complete && pair !== undefined && verifyEcdsaPair(key, digest, signed, pair);
  },
});

/** RFC 8332 section 3: one string, an RSASSA-PKCS1-v1_5 signature. */
const rsa = (name: string, digest: string): SignatureAlgorithm => ({
  name,
  keyType: 'ssh-rsa',
  verify: (key, signed, reader) => {
    // Some clients drop leading zeros although the RFC asks for full length; OpenSSH puts them back as well.
    const signature = widened(reader.string(), Math.ceil(key.bits / 8));
    return reader.complete && signature !== undefined && verify(digest, signed, key.keyObject, signature);
  },
});

/**
 * The signature algorithms that are accepted, most wanted first: the one place to add a row to.
 *
 * `ssh-rsa` is missing on purpose: it means SHA-1. An RSA key signs with `rsa-sha2-512` or `rsa-sha2-256` instead.
 */
export const signatureAlgorithms: readonly SignatureAlgorithm[] = [
  ed25519,
  ecdsa('ecdsa-sha2-nistp256', 'sha256'),
  ecdsa('ecdsa-sha2-nistp384', 'sha384'),
  ecdsa('ecdsa-sha2-nistp521', 'sha512'),
  rsa('rsa-sha2-512', 'sha512'),
  rsa('rsa-sha2-256', 'sha256'),
  ...securityKeyAlgorithms,
];

/** The names of {@link signatureAlgorithms} in the same order: the value of `server-sig-algs` (RFC 8308 section 3.1). */
export const signatureAlgorithmNames: readonly string[] = signatureAlgorithms.map(({ name }) => name);

const byName: ReadonlyMap<string, SignatureAlgorithm> = new Map(signatureAlgorithms.map((it) => [it.name, it]));

/** With a certificate, a request names the algorithm in the way of certificate types, and the signature in its own. */
const byCertificateName: ReadonlyMap<string, SignatureAlgorithm> = new Map(
  signatureAlgorithms.map((it) => [certificateNameOf(it.name), it]),
);

/**
 * Finds the algorithm that a request names, if it is accepted and fits the key or certificate of the same request.
 *
 * @returns undefined for unknown names, and for a name that belongs to another key type.
 */
export function signatureAlgorithmFor(
  name: string,
  key: { readonly type: UserKeyType },
): SignatureAlgorithm | undefined {
  const plain = byName.get(name);
  if (plain !== undefined) return plain.keyType === key.type ? plain : undefined;
  const certified = byCertificateName.get(name);
  return certified !== undefined && certificateNameOf(certified.keyType) === key.type ? certified : undefined;
}
