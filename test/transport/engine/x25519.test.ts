import { spawnSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { agreeX25519, generateX25519 } from '../../../src/transport/engine/x25519.js';

const root = path.resolve(import.meta.dirname, '../../..');

describe('X25519', () => {
  it('gives a public key that belongs to the private one', () => {
    const { privateKey, publicKey } = generateX25519();

    expect(createPublicKey(privateKey).export({ format: 'jwk' })).toMatchObject({ x: publicKey.toString('base64url') });
  });

  it('comes to one secret on both sides, and to another with others', () => {
    const [one, other, third] = [generateX25519(), generateX25519(), generateX25519()];
    const secret = agreeX25519(one.privateKey, other.publicKey);

    expect(secret).toHaveLength(32);
    expect(agreeX25519(other.privateKey, one.publicKey)).toEqual(secret);
    expect(agreeX25519(third.privateKey, one.publicKey)).not.toEqual(secret);
  });

  it.each([0, 31, 33])('takes no key of %i bytes', (length) => {
    expect(() => agreeX25519(generateX25519().privateKey, Buffer.alloc(length, 1))).toThrow('32 bytes');
  });

  it('takes no key that leads to a secret of zeros', () => {
    expect(() => agreeX25519(generateX25519().privateKey, Buffer.alloc(32))).toThrow();
  });

  // A process of its own, since the fault that this is about stops the whole process for ever.
  it('makes keys without end and never stands still', { timeout: 60_000 }, () => {
    const program = `
      import { generateX25519 } from './src/transport/engine/x25519.ts';
      for (let made = 0; made < 40_000; made += 1) generateX25519();
      console.log('made');
    `;
    const flags = ['--import', 'tsx', '--input-type=module', '--eval', program];
    const { stdout, signal } = spawnSync(process.execPath, flags, { cwd: root, encoding: 'utf8', timeout: 50_000 });

    expect([stdout, signal]).toEqual(['made\n', null]);
  });
});
