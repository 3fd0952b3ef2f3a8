import { createPublicKey, generateKeyPairSync } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { generateHostKey, hostKeyFromSigner, type HostKeySigner, type HostKeyType } from '../../../src/index.js';
import { publicKeyOf } from '../../../src/transport/host-keys/public-blob.js';

const TYPES: readonly HostKeyType[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
];
const data = Buffer.from('what is to be signed');

describe('a host key of a signer', () => {
  it.each(TYPES)('of type %s is what its public key says, in whatever form that is', async (type) => {
    const { hostKey: local } = await generateHostKey(type);
    const keyObject = publicKeyOf(local.publicBlob);
    if (keyObject === undefined) throw new Error('the blob cannot be read');
    const base64 = local.publicBlob.toString('base64');
    const forms = [
      local.publicBlob,
      `${type} ${base64}`,
      `${type} ${base64} host at home\n`,
      keyObject,
      keyObject.export({ format: 'pem', type: 'spki' }).toString(),
      keyObject.export({ format: 'der', type: 'spki' }),
    ];
    for (const publicKey of forms) {
      const key = hostKeyFromSigner({ publicKey, sign: (it, algorithm) => local.sign(it, algorithm) });

      expect(key).toMatchObject({ type, fingerprint: local.fingerprint, algorithms: local.algorithms, remote: true });
      expect(key.publicBlob).toEqual(local.publicBlob);
      await expect(key.sign(data, key.algorithms[0] ?? 'ssh-ed25519')).resolves.toBeInstanceOf(Uint8Array);
    }
    const [, , line = ''] = forms;
    expect(hostKeyFromSigner({ publicKey: line, sign: () => data }).comment).toBe('host at home');
  });

  it('asks its signer for algorithms of the key alone', async () => {
    const { hostKey: local } = await generateHostKey('ssh-ed25519');
    const key = hostKeyFromSigner({ publicKey: local.publicBlob, sign: () => Promise.reject(new Error('was asked')) });

    await expect(key.sign(data, 'rsa-sha2-256')).rejects.toThrow('ssh-ed25519 host keys do not sign with rsa-sha2-256');
    await expect(key.sign(data, 'ssh-ed25519')).rejects.toThrow('was asked');
  });

  it.each([
    ['another key', async () => (await generateHostKey()).hostKey.sign],
    ['nothing', () => () => Buffer.alloc(0)],
    ['no bytes at all', () => () => 'signature' as unknown as Buffer],
  ])('never passes on a signature of %s', async (_, other) => {
    const { hostKey: local } = await generateHostKey();
    const sign = (await other()) as HostKeySigner['sign'];
    const key = hostKeyFromSigner({ publicKey: local.publicBlob, sign });

    await expect(key.sign(data, 'ssh-ed25519')).rejects.toThrow('the signature does not fit the public key');
  });

  it.each([
    ['no key', 'ssh-ed25519', {}, 'the public key cannot be read'],
    ['a key that is cut off', `ssh-ed25519 ${Buffer.from('0000000b', 'hex').toString('base64')}`, {}, 'cannot be read'],
    ['bytes of nothing', Buffer.alloc(51), {}, 'the public key cannot be read'],
    [
      'a private key',
      generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }),
      {},
      'the public key cannot be read',
    ],
    ['a private key, parsed', generateKeyPairSync('ed25519').privateKey, {}, 'the public key cannot be read'],
    ['a short RSA key', generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey, {}, 'too short'],
    [
      'a key of no host',
      createPublicKey(generateKeyPairSync('x25519').privateKey),
      {},
      'x25519 keys are not host keys',
    ],
    ['no algorithm', generateKeyPairSync('ed25519').publicKey, { algorithms: [] }, 'its signer has no algorithm'],
    [
      'the algorithm of other keys',
      generateKeyPairSync('ed25519').publicKey,
      { algorithms: ['rsa-sha2-512'] },
      'ssh-ed25519 host keys do not sign with rsa-sha2-512',
    ],
  ] as const)('is refused with %s', (_, publicKey, more, message) => {
    const signer = { publicKey, sign: () => data, ...more } as HostKeySigner;

    expect(() => hostKeyFromSigner(signer, { source: 'host key in the cloud' })).toThrow(message);
    expect(() => hostKeyFromSigner(signer, { source: 'host key in the cloud' })).toThrow(/^host key in the cloud: /);
  });
});
