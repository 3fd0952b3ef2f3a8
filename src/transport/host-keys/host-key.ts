import { createPublicKey, sign, type KeyObject } from 'node:crypto';

import type { HostCertificate } from './host-certificate.js';
import { hostKeyError } from './host-key-error.js';
import type { HostKeyAlgorithm, HostKeyType } from './host-key-type.js';
import { type HostKeyOrigin, publicHostKey } from './public-host-key.js';
import { digestOf, signatureSchemeOf } from './signature-scheme.js';

/**
 * Signs `data` with a host key: raw for Ed25519 and RSA, ASN.1 DER for ECDSA, as `node:crypto` does.
 *
 * Throws, or rejects, for an algorithm that is not one of the key's: so SHA-1 is refused. `signal` is aborted once nobody waits
 * for the signature any more.
 */
export type HostKeySign = (
  data: Uint8Array,
  algorithm: HostKeyAlgorithm,
  signal?: AbortSignal,
) => Uint8Array | Promise<Uint8Array>;

/**
 * A key that proves who the server is, ready to sign.
 *
 * A private key of this process is parsed once, when the object is made, which saves a third or more of a handshake's processor
 * time. It cannot be read back from the object, so logging one reveals nothing. {@link hostKeyFromSigner} and
 * {@link agentHostKey} make host keys whose private keys are elsewhere.
 */
export interface HostKey {
  readonly type: HostKeyType;
  /** Signature algorithms the key signs with, most wanted first. RSA keys sign with SHA-2 only (RFC 8332). */
  readonly algorithms: readonly HostKeyAlgorithm[];
  /** The public key in wire form (RFC 4253 section 6.6). Not to be written to. */
  readonly publicBlob: Buffer;
  /** `SHA256:` and the digest of the public key, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  /** The comment that the key file carries, if any. */
  readonly comment?: string;
  /** What an authority says of the key, if {@link certifyHostKey} has given it a certificate. */
  readonly certificate?: HostCertificate;
  /** Present if the private key is not in this process, so that signing takes time. */
  readonly remote?: true;
  /** Returns the signature itself, and not a promise of it, unless the key is `remote`. Does not need `this`. */
  readonly sign: HostKeySign;
}

/**
 * Makes a host key of a parsed private key.
 *
 * @throws SshServerError `ERR_SSH_HOST_KEY` as {@link publicHostKey} does, and if the key does not fit its own public key
 */
export function createHostKey(privateKey: KeyObject, origin: HostKeyOrigin): HostKey {
  const { described, verifies } = publicHostKey(publicHalfOf(privateKey, origin.source), origin);

  const signWith = (data: Uint8Array, algorithm: HostKeyAlgorithm): Buffer => {
    checkAlgorithm(described, algorithm);
    return sign(digestOf(algorithm), data, privateKey);
  };

  // A file with a flipped bit still parses. Clients would report the bad signature as an attack, so find it here.
  const fits = described.algorithms.every((algorithm) => {
    try {
      return verifies(described.publicBlob, signWith(described.publicBlob, algorithm), algorithm);
    } catch {
      return false;
    }
  });
  if (!fits) throw hostKeyError(origin.source, 'the private key does not fit its public key; the file is damaged');
  return { ...described, sign: signWith };
}

/** @throws Error unless the key signs with `algorithm` */
export function checkAlgorithm(key: Pick<HostKey, 'type' | 'algorithms'>, algorithm: string): void {
  if (key.algorithms.some((known) => known === algorithm)) return;
  throw new Error(`${key.type} host keys do not sign with ${algorithm}`);
}

function publicHalfOf(privateKey: KeyObject, source: string): KeyObject {
  // First, since it says of more keys why they are of no use.
  const scheme = signatureSchemeOf(privateKey);
  if ('fault' in scheme) throw hostKeyError(source, scheme.fault);
  try {
    return createPublicKey(privateKey);
  } catch (cause) {
    throw hostKeyError(source, 'the public key cannot be computed; the file is damaged', cause);
  }
}
