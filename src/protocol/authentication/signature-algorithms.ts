import { verify } from 'node:crypto';

import { WireReader } from '../../transport/wire/wire-reader.js';
import type { PublicKeyType } from './public-key-fields.js';
import type { PublicKey } from './public-key.js';

/** One way to sign an authentication request. */
export interface SignatureAlgorithm {
  /** As the request and the signature name it (RFC 4252 section 7, RFC 8332). */
  readonly name: string;
  /** The only key type that signs this way. */
  readonly keyType: PublicKeyType;
  /**
   * Verifies what follows the name inside the signature, up to its last byte. May throw, which counts as a refusal.
   *
   * @param key - A key of {@link keyType}.
   * @param signed - The data that the client signed.
   */
  readonly verify: (key: PublicKey, signed: Buffer, signature: WireReader) => boolean;
}

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
    const inner = new WireReader(reader.string());
    const width = Math.ceil(key.bits / 8);
    const r = widened(inner.magnitude(), width);
    const s = widened(inner.magnitude(), width);
    if (!reader.complete || !inner.complete || r === undefined || s === undefined) return false;
    return verify(digest, signed, { key: key.keyObject, dsaEncoding: 'ieee-p1363' }, Buffer.concat([r, s]));
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
];

/** The names of {@link signatureAlgorithms} in the same order: the value of `server-sig-algs` (RFC 8308 section 3.1). */
export const signatureAlgorithmNames: readonly string[] = signatureAlgorithms.map(({ name }) => name);

const byName: ReadonlyMap<string, SignatureAlgorithm> = new Map(signatureAlgorithms.map((it) => [it.name, it]));

/**
 * Finds the algorithm that a request names, if it is accepted and fits the key of the same request.
 *
 * @returns undefined for unknown names, and for a name that belongs to another key type.
 */
export function signatureAlgorithmFor(name: string, key: Pick<PublicKey, 'type'>): SignatureAlgorithm | undefined {
  const algorithm = byName.get(name);
  return algorithm?.keyType === key.type ? algorithm : undefined;
}

/** Puts zeros before a big-endian integer; undefined if it is wider than `width` bytes. */
function widened(integer: Buffer, width: number): Buffer | undefined {
  if (integer.length > width) return undefined;
  return Buffer.concat([Buffer.alloc(width - integer.length), integer]);
}
