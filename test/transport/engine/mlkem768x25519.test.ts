import { createHash, createPrivateKey } from 'node:crypto';

import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { describe, expect, it, vi } from 'vitest';

import { makeHybrid } from '../../../src/transport/engine/mlkem768x25519.js';
import type { EngineKeyExchange } from '../../../src/transport/engine/ssh2-internals.js';

/** The keys of RFC 7748 section 6.1, Alice the client and Bob the server, and what they come to. */
const rfc7748 = vi.hoisted(() => ({
  alicePublic: '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  bobPrivate: '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
  bobPublic: 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  secret: '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
}));

/** What C2SP's known answers of ML-KEM draw first, from SHAKE-128 of nothing: `d` and `z` of the key, `m` of the ciphertext. */
const drawn = vi.hoisted(() => ({ seed: Buffer.alloc(0), message: Buffer.alloc(0) }));

const stream = createHash('shake128', { outputLength: 96 }).digest();
drawn.seed = stream.subarray(0, 64);
drawn.message = stream.subarray(64);

// Nothing is left to chance but these two.
vi.mock('../../../src/transport/engine/x25519.js', async (original) => ({
  ...(await original<object>()),
  generateX25519: () => ({
    privateKey: createPrivateKey({
      key: {
        kty: 'OKP',
        crv: 'X25519',
        x: Buffer.from(rfc7748.bobPublic, 'hex').toString('base64url'),
        d: Buffer.from(rfc7748.bobPrivate, 'hex').toString('base64url'),
      },
      format: 'jwk',
    }),
    publicKey: Buffer.from(rfc7748.bobPublic, 'hex'),
  }),
}));
vi.mock('../../../src/transport/engine/ml-kem.js', async (original) => ({
  ...(await original<object>()),
  encapsulate: (publicKey: Buffer) => {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, drawn.message);
    return { ciphertext: cipherText, sharedSecret };
  },
}));

function hybrid(): EngineKeyExchange {
  // The rest of an exchange is the engine's, and of no concern here.
  const exchange = { negotiated: { kex: 'curve25519-sha256' } } as unknown as EngineKeyExchange;
  makeHybrid(exchange);
  return exchange;
}

const keys = ml_kem768.keygen(drawn.seed);
const clientInit = Buffer.concat([keys.publicKey, Buffer.from(rfc7748.alicePublic, 'hex')]);

const sha256 = (...parts: readonly Uint8Array[]): string =>
  createHash('sha256').update(Buffer.concat(parts)).digest('hex');

describe('mlkem768x25519-sha256, with the draws of known answers', () => {
  it('sends the ciphertext and behind it the X25519 key of the server', () => {
    const exchange = hybrid();
    exchange.computeSecret(clientInit);
    const reply = exchange.getPublicKey();

    expect(reply).toHaveLength(1088 + 32);
    expect(reply.subarray(1088).toString('hex')).toBe(rfc7748.bobPublic);
    expect(sha256(reply)).toBe('95d1e46cb2ba3e993e760ae08a98c21cab846f29e7cda2c0fffa01aa04bd7a3a');
  });

  it('comes to the SHA-256 of both secrets, that of ML-KEM first', () => {
    const exchange = hybrid();
    const secret = exchange.computeSecret(clientInit);
    const mlKemSecret = ml_kem768.decapsulate(exchange.getPublicKey().subarray(0, 1088), keys.secretKey);

    expect(secret).toEqual(Buffer.from(sha256(mlKemSecret, Buffer.from(rfc7748.secret, 'hex')), 'hex'));
    expect((secret as Buffer).toString('hex')).toBe('c842db3eb12209bdae2d61faf903597a236feaa7cdf51e940edbc320bbdfb2da');
  });

  it('hashes what the client has sent as it is', () => {
    expect(hybrid().convertPublicKey(clientInit)).toEqual(clientInit);
  });

  it.each([
    ['empty', Buffer.alloc(0)],
    ['ML-KEM alone', clientInit.subarray(0, 1184)],
    ['a byte short', clientInit.subarray(0, -1)],
    ['a byte long', Buffer.concat([clientInit, Buffer.alloc(1)])],
    ['the halves the wrong way round', Buffer.concat([clientInit.subarray(1184), clientInit.subarray(0, 1184)])],
    ['X25519 of zeros', Buffer.concat([clientInit.subarray(0, 1184), Buffer.alloc(32)])],
  ])('is refused when the client sends %s', (_what, init) => {
    expect(hybrid().computeSecret(init)).toBeInstanceOf(Error);
  });
});
