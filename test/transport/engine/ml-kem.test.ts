import { createHash } from 'node:crypto';

import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { beforeAll, describe, expect, it } from 'vitest';

import { encapsulate, libraryMlKem, loadMlKem, nativeMlKem } from '../../../src/transport/engine/ml-kem.js';

const native = nativeMlKem();
const { publicKey, secretKey } = ml_kem768.keygen();

/** As {@link publicKey}, with other bytes at one place. */
function changed(at: number, bytes: string): Buffer {
  const key = Buffer.from(publicKey);
  Buffer.from(bytes, 'hex').copy(key, at);
  return key;
}

beforeAll(() => loadMlKem());

it('the library gives the known answers of ML-KEM-768: a hundred keys, ciphertexts and secrets, accumulated', () => {
  // C2SP, CCTV/ML-KEM: everything is drawn from one SHAKE-128 and hashed by another.
  const round = 64 + 32 + 1088;
  const stream = createHash('shake128', { outputLength: 100 * round }).digest();
  const accumulated = createHash('shake128', { outputLength: 32 });
  for (let at = 0; at < stream.length; at += round) {
    const keys = ml_kem768.keygen(stream.subarray(at, at + 64));
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(keys.publicKey, stream.subarray(at + 64, at + 96));
    accumulated.update(keys.publicKey).update(cipherText).update(sharedSecret);
    // A ciphertext that belongs to no key, rejected implicitly.
    accumulated.update(ml_kem768.decapsulate(stream.subarray(at + 96, at + round), keys.secretKey));
  }

  expect(accumulated.digest('hex')).toBe('1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415');
});

describe.each([
  ['of the library', libraryMlKem],
  ...(native === undefined ? [] : [['of Node', () => Promise.resolve(native)] as const]),
  ['chosen', () => Promise.resolve(encapsulate)],
] as const)('ML-KEM %s', (_which, load) => {
  it('tells the owner of the key the secret, a new one each time', async () => {
    const to = await load();
    const first = to(Buffer.from(publicKey));
    const second = to(Buffer.from(publicKey));

    for (const { ciphertext, sharedSecret } of [first, second]) {
      expect(ciphertext).toHaveLength(1088);
      expect(Buffer.from(ml_kem768.decapsulate(Uint8Array.from(ciphertext), secretKey))).toEqual(
        Buffer.from(sharedSecret),
      );
    }
    expect(Buffer.from(first.sharedSecret)).not.toEqual(Buffer.from(second.sharedSecret));
  });

  it.each([
    ['the modulus in the first coefficient', changed(0, '010d')],
    ['4095 in the first coefficient', changed(0, 'ff0f')],
    ['4095 in the last coefficient', changed(1150, 'f0ff')],
  ])('refuses a key with %s, which is not reduced', async (_what, key) => {
    const to = await load();
    expect(() => to(key)).toThrow();
  });
});

it.each([0, 32, 1183, 1185, 1216])('a key of %i bytes is refused whatever computes it', (length) => {
  expect(() => encapsulate(Buffer.alloc(length))).toThrow('an ML-KEM-768 public key has 1184 bytes');
});
