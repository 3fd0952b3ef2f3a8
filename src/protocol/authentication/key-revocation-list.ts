import { createHash } from 'node:crypto';

import { type RevocableCertificate, RevokedCertificates } from './revoked-certificates.js';

/** What revocation is about: a key, and what an authority says of it if it is certified. */
export interface RevocableKey {
  /** The key in wire form, as it would be without a certificate. */
  readonly publicKey: Uint8Array;
  readonly certificate?: RevocableCertificate & { readonly authority: { readonly blob: Uint8Array } };
}

/** Keys and certificates that must not be trusted any more (OpenSSH PROTOCOL.krl). */
export class KeyRevocationList {
  readonly #keys = new Set<string>();
  readonly #sha1 = new Set<string>();
  readonly #sha256 = new Set<string>();
  /** By the key of the authority; with the empty key, for all of them. */
  readonly #certificates = new Map<string, RevokedCertificates>();

  addKey(blob: Uint8Array): void {
    this.#keys.add(textOf(blob));
  }

  addDigest(algorithm: 'sha1' | 'sha256', digest: Uint8Array): void {
    (algorithm === 'sha1' ? this.#sha1 : this.#sha256).add(textOf(digest));
  }

  /** The list of one authority, to be added to; of all of them for an empty key. */
  certificatesOf(authority: Uint8Array): RevokedCertificates {
    const name = textOf(authority);
    let certificates = this.#certificates.get(name);
    if (certificates === undefined) {
      certificates = new RevokedCertificates();
      this.#certificates.set(name, certificates);
    }
    return certificates;
  }

  /** Whether the key, its certificate, or the key of its authority is revoked. */
  revokes({ publicKey, certificate }: RevocableKey): boolean {
    if (this.#hasKey(publicKey)) return true;
    if (certificate === undefined) return false;
    const { blob } = certificate.authority;
    const lists = [this.#certificates.get(textOf(blob)), this.#certificates.get('')];
    return this.#hasKey(blob) || lists.some((list) => list?.has(certificate) === true);
  }

  #hasKey(blob: Uint8Array): boolean {
    if (this.#keys.has(textOf(blob))) return true;
    if (this.#sha256.size > 0 && this.#sha256.has(digestOf('sha256', blob))) return true;
    return this.#sha1.size > 0 && this.#sha1.has(digestOf('sha1', blob));
  }
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

const digestOf = (algorithm: 'sha1' | 'sha256', bytes: Uint8Array): string =>
  createHash(algorithm).update(bytes).digest('base64');
