import type { KeyObject } from 'node:crypto';

import type { HostKeyAlgorithm, HostKeyType } from './host-key-type.js';

/** How keys of one kind sign. */
export interface SignatureScheme {
  readonly type: HostKeyType;
  /** Signature algorithms, most wanted first. */
  readonly algorithms: readonly HostKeyAlgorithm[];
}

/** The digests of the algorithms, under the names of `node:crypto`; Ed25519 has its own inside. */
const DIGESTS: Readonly<Record<HostKeyAlgorithm, string | null>> = {
  'ssh-ed25519': null,
  'ecdsa-sha2-nistp256': 'sha256',
  'ecdsa-sha2-nistp384': 'sha384',
  'ecdsa-sha2-nistp521': 'sha512',
  'rsa-sha2-512': 'sha512',
  'rsa-sha2-256': 'sha256',
};

/** The digest that an algorithm signs, for `node:crypto`. */
export const digestOf = (algorithm: HostKeyAlgorithm): string | null => DIGESTS[algorithm];

/** Below, OpenSSH refuses the key and factoring it is within reach. */
const MIN_RSA_BITS = 2048;
/** The largest integer that OpenSSH reads; its users could not connect to a server with a longer key. */
const MAX_RSA_BITS = 16_384;

const fixed = (type: HostKeyType & HostKeyAlgorithm): SignatureScheme => ({ type, algorithms: [type] });

const ed25519 = fixed('ssh-ed25519');

const ecdsa: ReadonlyMap<string, SignatureScheme> = new Map([
  ['prime256v1', fixed('ecdsa-sha2-nistp256')],
  ['secp384r1', fixed('ecdsa-sha2-nistp384')],
  ['secp521r1', fixed('ecdsa-sha2-nistp521')],
]);

const rsa: SignatureScheme = { type: 'ssh-rsa', algorithms: ['rsa-sha2-512', 'rsa-sha2-256'] };

/** Finds how a key, private or public, signs, or says why it cannot be a host key. */
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
