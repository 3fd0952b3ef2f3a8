import { createHash } from 'node:crypto';

import { encapsulate, ML_KEM_768 } from './ml-kem.js';
import type { EngineKeyExchange } from './ssh2-internals.js';
import { agreeX25519, generateX25519 } from './x25519.js';

/** The key exchange method of draft-ietf-sshm-mlkem-hybrid-kex: as strong as the stronger of ML-KEM-768 and X25519. */
export const MLKEM768_X25519 = 'mlkem768x25519-sha256';

/**
 * Turns an X25519 exchange of the engine's, which has the same hash and the same messages, into a hybrid one.
 *
 * The client sends its ML-KEM key and its X25519 key in one string, and is sent the ciphertext and our X25519 key. The secret is
 * the SHA-256 of both secrets, in this order. Unlike that of X25519 it is hashed as a string, not as an mpint: the engine puts
 * the length before what it is given, so here the 32 bytes stay as they are.
 */
export function makeHybrid(exchange: EngineKeyExchange): void {
  exchange.negotiated.kex = MLKEM768_X25519;
  // Shared functions: the engine keeps an exchange for as long as its connection lives.
  exchange.convertPublicKey = asItIs;
  exchange.computeSecret = computeSecret;
  exchange.getPublicKey = getPublicKey;
}

/** What the client is sent, once the secret is computed; in the field where the engine keeps its own keys. */
interface Reply {
  readonly reply: Buffer;
}

const asItIs = (publicKey: Buffer): Buffer => publicKey;

function computeSecret(this: EngineKeyExchange, peer: Buffer): Buffer | Error {
  try {
    const theirMlKem = peer.subarray(0, ML_KEM_768.publicKeyLength);
    const theirX25519 = peer.subarray(ML_KEM_768.publicKeyLength);
    const { privateKey, publicKey } = generateX25519();
    // First, because it costs less to find out that a client is up to no good.
    const x25519Secret = agreeX25519(privateKey, theirX25519);
    const { sharedSecret, ciphertext } = encapsulate(theirMlKem);
    this._keys = { reply: Buffer.concat([ciphertext, publicKey]) } satisfies Reply;
    return createHash('sha256').update(sharedSecret).update(x25519Secret).digest();
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause));
  }
}

function getPublicKey(this: EngineKeyExchange): Buffer {
  // The engine computes the secret first, since the ciphertext depends on the client's key.
  return (this._keys as Reply).reply;
}
