import type { KeyObject } from 'node:crypto';

import type { HostKeyAlgorithm } from './host-key-type.js';

/** Signs with a host key whose private half is elsewhere: in a key management service, a PKCS #11 token, another process. */
export interface HostKeySigner {
  /**
   * The public half: a line of OpenSSH's (`ssh-ed25519 AAAA...`, as in a `.pub` file), PEM, the wire form, DER
   * (`SubjectPublicKeyInfo`, as key management services give it), or a parsed key.
   */
  readonly publicKey: string | Uint8Array | KeyObject;
  /** What it signs with, most wanted first. Default all algorithms of the key's type. */
  readonly algorithms?: readonly HostKeyAlgorithm[];
  /**
   * Signs `data`, which has not been hashed, and returns the signature: raw for Ed25519 and RSA (PKCS #1 v1.5), ASN.1 DER for
   * ECDSA, as `node:crypto` and key management services do. May be called many times at once. `signal` is aborted when the
   * connection that waits has ended or has waited too long.
   */
  sign(data: Uint8Array, algorithm: HostKeyAlgorithm, signal: AbortSignal): Uint8Array | Promise<Uint8Array>;
}
