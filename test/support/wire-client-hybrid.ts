import { createHash, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';

import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';

/** The key exchange method of draft-ietf-sshm-mlkem-hybrid-kex. */
export const HYBRID = 'mlkem768x25519-sha256';

const CIPHERTEXT_LENGTH = 1088;

/** A client's half of a hybrid key exchange, written out by the draft: knows nothing of the code under test. */
export class HybridKeys {
  readonly #mlKem = ml_kem768.keygen();

  /** `C_INIT`: what the client sends, by its X25519 key. */
  init(x25519PublicKey: Uint8Array): Buffer {
    return Buffer.concat([this.#mlKem.publicKey, x25519PublicKey]);
  }

  /** `K`, by what the server has sent. */
  secret(reply: Buffer, x25519PrivateKey: KeyObject): Buffer {
    const publicKey = createPublicKey({
      key: { kty: 'OKP', crv: 'X25519', x: reply.subarray(CIPHERTEXT_LENGTH).toString('base64url') },
      format: 'jwk',
    });
    return createHash('sha256')
      .update(ml_kem768.decapsulate(reply.subarray(0, CIPHERTEXT_LENGTH), this.#mlKem.secretKey))
      .update(diffieHellman({ privateKey: x25519PrivateKey, publicKey }))
      .digest();
  }
}
