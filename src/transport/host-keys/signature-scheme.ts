import type { KeyObject } from 'node:crypto';

import type { HostKeyAlgorithm, HostKeyType } from './host-key-type.js';

/** How keys of one kind sign. */
export interface SignatureScheme {
  readonly type: HostKeyType;
  /** Signature algorithms, most wanted first. */
  readonly algorithms: readonly HostKeyAlgorithm[];
  /**
   * The digest to sign with when the engine asks for `hash`, which it does for RSA alone: `null` where the key type
   * fixes it, `undefined` to refuse.
   */
  readonly digestFor: (hash: string | undefined) => string | null | undefined;
}

/** Below, OpenSSH refuses the key and factoring it is within reach. */
const MIN_RSA_BITS = 2048;
/** The largest integer that OpenSSH reads; its users could not connect to a server with a longer key. */
const MAX_RSA_BITS = 16_384;

const fixed = (type: HostKeyType & HostKeyAlgorithm, digest: string | null): SignatureScheme => ({
  type,
  algorithms: [type],
  digestFor: () => digest,
});

const ed25519 = fixed('ssh-ed25519', null);

const ecdsa: ReadonlyMap<string, SignatureScheme> = new Map([
  ['prime256v1', fixed('ecdsa-sha2-nistp256', 'sha256')],
  ['secp384r1', fixed('ecdsa-sha2-nistp384', 'sha384')],
  ['secp521r1', fixed('ecdsa-sha2-nistp521', 'sha512')],
]);

const rsa: SignatureScheme = {
  type: 'ssh-rsa',
  algorithms: ['rsa-sha2-512', 'rsa-sha2-256'],
  // The engine names no hash for `ssh-rsa`, which is SHA-1.
  digestFor: (hash) => (hash === 'sha512' || hash === 'sha256' ? hash : undefined),
};

/** Finds how a key signs, or says why it cannot be a host key. */
export function signatureSchemeOf(key: KeyObject): SignatureScheme | { readonly fault: string } {
  const { namedCurve = 'unnamed', modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return ed25519;
    case 'ec':
      return ecdsa.get(namedCurve) ?? { fault: `the curve ${namedCurve} is not one of nistp256, nistp384, nistp521` };
    case 'rsa':
      if (modulusLength < MIN_RSA_BITS) {
        return {
          fault: `an RSA key of ${String(modulusLength)} bits is too short; ${String(MIN_RSA_BITS)} is the least`,
        };
      }
      if (modulusLength > MAX_RSA_BITS) {
        return {
          fault: `an RSA key of ${String(modulusLength)} bits is too long; ${String(MAX_RSA_BITS)} is the most`,
        };
      }
      return rsa;
    case 'dsa':
      return { fault: 'DSA keys are not supported, nor by current clients; make one with ssh-keygen -t ed25519' };
    default:
      return {
        fault: `${key.asymmetricKeyType ?? 'unknown'} keys are not host keys; use Ed25519, ECDSA (NIST curves) or RSA`,
      };
  }
}
