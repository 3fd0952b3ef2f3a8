import * as crypto from 'node:crypto';

/** Lengths of ML-KEM-768 in bytes (FIPS 203 section 8). */
export const ML_KEM_768 = { publicKeyLength: 1184, ciphertextLength: 1088 } as const;

/** A secret, and what tells it to the owner of the public key alone. */
export interface Encapsulation {
  readonly sharedSecret: Uint8Array;
  readonly ciphertext: Uint8Array;
}

type Encapsulate = (publicKey: Buffer) => Encapsulation;

/** What stands before the raw key in its DER form: the lengths, the object identifier of ML-KEM-768, a bit string. */
const SPKI_HEADER = Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex');

/** What Node has from 24.7 on, if its OpenSSL is 3.5 or later. */
interface KeyEncapsulation {
  readonly encapsulate?: (key: crypto.KeyObject) => { readonly sharedKey: Buffer; readonly ciphertext: Buffer };
}

let chosen: Encapsulate | undefined;

/**
 * Encapsulates a new secret to a client's ML-KEM-768 key (FIPS 203 section 7.2).
 *
 * @throws Error if the key fails the check of FIPS 203 (its length, or a coefficient that is not reduced), or if
 *   {@link loadMlKem} has not been awaited
 */
export function encapsulate(publicKey: Buffer): Encapsulation {
  if (publicKey.length !== ML_KEM_768.publicKeyLength) throw new Error('an ML-KEM-768 public key has 1184 bytes');
  if (chosen === undefined) throw new Error('ML-KEM has not been loaded');
  return chosen(publicKey);
}

/** Resolves once {@link encapsulate} can be called. The library is loaded only where Node has nothing of its own. */
export async function loadMlKem(): Promise<void> {
  chosen ??= nativeMlKem() ?? (await libraryMlKem());
}

/** ML-KEM of this Node, four times as fast as the library; undefined if it has none. */
export function nativeMlKem(): Encapsulate | undefined {
  // A namespace, since importing a name that is not there would fail; the types are those of the oldest Node.
  const { encapsulate: native } = crypto as KeyEncapsulation;
  if (native === undefined) return undefined;
  const encapsulateTo: Encapsulate = (publicKey) => {
    const key = crypto.createPublicKey({ key: Buffer.concat([SPKI_HEADER, publicKey]), format: 'der', type: 'spki' });
    const { sharedKey, ciphertext } = native(key);
    return { sharedSecret: sharedKey, ciphertext };
  };
  try {
    // Node may be built with an OpenSSL that knows no ML-KEM. All zeros make a valid key.
    encapsulateTo(Buffer.alloc(ML_KEM_768.publicKeyLength));
    return encapsulateTo;
  } catch {
    return undefined;
  }
}

/** ML-KEM of the library. */
export async function libraryMlKem(): Promise<Encapsulate> {
  const { ml_kem768: library } = await import('@noble/post-quantum/ml-kem.js');
  return (publicKey) => {
    const { sharedSecret, cipherText } = library.encapsulate(publicKey);
    return { sharedSecret, ciphertext: cipherText };
  };
}
