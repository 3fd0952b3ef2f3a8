import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject, randomBytes } from 'node:crypto';

import type { EngineKeyExchange } from './ssh2-internals.js';

const KEY_LENGTH = 32;

/** Our half of an exchange, in the field where the engine keeps its own. */
interface EphemeralKeys {
  readonly privateKey: KeyObject;
  readonly publicKey: Buffer;
}

/**
 * Computes X25519 without the detours through DER that the engine takes: raw keys go in and out as JWK.
 *
 * The result is the same, RFC 8731 section 3: the shared secret as an mpint; a peer value of the wrong length or one
 * that leads to an all-zero secret is an error.
 */
export function speedUpX25519(exchange: EngineKeyExchange): void {
  if (!exchange.negotiated.kex.startsWith('curve25519-sha256')) return;
  // Shared functions: the engine keeps an exchange for as long as its connection lives.
  exchange.getPublicKey = getPublicKey;
  exchange.computeSecret = computeSecret;
}

/** Forgets the keys of a completed exchange; the engine would keep them. */
export function forgetEphemeralKeys(exchange: EngineKeyExchange | undefined): void {
  if (exchange?._keys !== undefined) exchange._keys = null;
}

/** Where a JWK names a public key that nobody reads: the private key alone counts. */
const UNREAD = Buffer.alloc(KEY_LENGTH).toString('base64url');

/**
 * A new pair of keys, the public one raw.
 *
 * Imported from random bytes, any 32 of which are a private key (RFC 7748 section 5), and not generated: that spares the
 * calculation of a public key that cannot be had. To `export` a generated key to a JWK holds a lock of the key while it
 * allocates; if V8 collects garbage there and finds what generated the key, its destructor waits for that very lock, and the
 * process stands still for ever. With Node 20 that happens once in some twenty thousand connections. An imported key has no
 * such thing behind it.
 */
export function generateX25519(): EphemeralKeys {
  const d = randomBytes(KEY_LENGTH).toString('base64url');
  const privateKey = createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', x: UNREAD, d }, format: 'jwk' });
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  // Of this kind of key it is always there.
  return { privateKey, publicKey: Buffer.from(x ?? '', 'base64url') };
}

/**
 * The secret of both keys, 32 bytes.
 *
 * @throws Error for a peer value of the wrong length, and for one that leads to an all-zero secret whatever our key is (RFC
 *   7748 section 6.1)
 */
export function agreeX25519(privateKey: KeyObject, peer: Buffer): Buffer {
  if (peer.length !== KEY_LENGTH) throw new Error('an X25519 public key has 32 bytes');
  return diffieHellman({ privateKey, publicKey: importX25519(peer) });
}

function importX25519(raw: Buffer): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: raw.toString('base64url') }, format: 'jwk' });
}

function ephemeralKeys(exchange: EngineKeyExchange): EphemeralKeys {
  if (!isOurs(exchange._keys)) exchange._keys = generateX25519();
  // Set above if it was not ours.
  return exchange._keys as EphemeralKeys;
}

const isOurs = (keys: unknown): keys is EphemeralKeys =>
  typeof keys === 'object' && keys !== null && 'publicKey' in keys && Buffer.isBuffer(keys.publicKey);

function getPublicKey(this: EngineKeyExchange): Buffer {
  return ephemeralKeys(this).publicKey;
}

function computeSecret(this: EngineKeyExchange, peer: Buffer): Buffer | Error {
  try {
    return magnitude(agreeX25519(ephemeralKeys(this).privateKey, peer));
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause));
  }
}

/** The content of an mpint (RFC 4251 section 5) for a big-endian number that is not negative. */
function magnitude(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const trimmed = bytes.subarray(start);
  return (trimmed[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), trimmed]) : trimmed;
}
