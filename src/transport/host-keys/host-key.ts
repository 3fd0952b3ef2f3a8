import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

import { fingerprintOf } from './fingerprint.js';
import { hostKeyError } from './host-key-error.js';
import type { HostKeyAlgorithm, HostKeyType } from './host-key-type.js';
import { publicBlobOf } from './public-blob.js';
import { signatureSchemeOf } from './signature-scheme.js';

/**
 * A private key that proves who the server is, ready to sign.
 *
 * The private key is parsed once, when the object is made, which saves a third or more of a handshake's processor
 * time. It cannot be read back from the object, so logging one reveals nothing. The methods do not need `this`.
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
  /** {@link HostKey.publicBlob}, under the name that the engine asks for. */
  readonly getPublicSSH: () => Buffer;
  /**
   * Signs `data` and returns the signature as the engine wants it: raw for Ed25519 and RSA, ASN.1 DER for ECDSA.
   *
   * @param hash - `sha256` or `sha512` for an RSA key; other keys ignore it, since their type fixes it.
   * @returns an `Error` instead of throwing it, because the engine ends the handshake in order on one: for an RSA key
   *   with another hash, which is how SHA-1 signatures are refused.
   */
  readonly sign: (data: Uint8Array, hash?: string) => Buffer | Error;
}

/** Where a host key came from, and what it is called. */
export interface HostKeyOrigin {
  /** Begins the message of each error: the path of the file, or `host key` for text in memory. */
  readonly source: string;
  readonly comment?: string;
}

/**
 * Makes a host key of a parsed private key.
 *
 * @throws SshServerError `ERR_SSH_HOST_KEY` if the key is of a kind that SSH or this server does not use, is an RSA key
 *   of fewer than 2048 or more than 16384 bits, or does not fit its own public key.
 */
export function createHostKey(privateKey: KeyObject, { source, comment }: HostKeyOrigin): HostKey {
  const scheme = signatureSchemeOf(privateKey);
  if ('fault' in scheme) throw hostKeyError(source, scheme.fault);

  const publicKey = createPublicKey(privateKey);
  const publicBlob = publicBlobOf(publicKey, scheme.type);

  const signWith = (data: Uint8Array, hash?: string): Buffer | Error => {
    const digest = scheme.digestFor(hash);
    if (digest === undefined) return new Error(`${scheme.type} host keys do not sign with ${hash ?? 'SHA-1'}`);
    try {
      return sign(digest, data, privateKey);
    } catch (error) {
      return error instanceof Error ? error : new Error('the signature failed', { cause: error });
    }
  };

  // A file with a flipped bit still parses. Clients would report the bad signature as an attack, so find it here.
  const digest = scheme.digestFor('sha512') ?? null;
  const probe = signWith(publicBlob, 'sha512');
  if (probe instanceof Error || !verify(digest, publicBlob, publicKey, probe)) {
    throw hostKeyError(source, 'the private key does not fit its public key; the file is damaged', probe);
  }

  return {
    type: scheme.type,
    algorithms: scheme.algorithms,
    publicBlob,
    fingerprint: fingerprintOf(publicBlob),
    ...(comment === undefined || comment === '' ? {} : { comment }),
    getPublicSSH: () => publicBlob,
    sign: signWith,
  };
}
