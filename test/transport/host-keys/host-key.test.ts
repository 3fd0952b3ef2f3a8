import { createRequire } from 'node:module';
import { inspect } from 'node:util';

import fc from 'fast-check';
import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';

import { generateHostKey } from '../../../src/transport/host-keys/generate-host-key.js';
import { engineHostKey } from '../../../src/transport/host-keys/engine-host-key.js';
import type { HostKeyAlgorithm, HostKeyType } from '../../../src/transport/host-keys/host-key-type.js';
import { readSignatureBlob, signatureBlobOf } from '../../../src/transport/host-keys/signature-blob.js';
import { wireBytes } from '../../support/wire-bytes.js';

// The engine's own conversions, the server's and the client's; the package has no types for them.
const { convertSignature, sigSSHToASN1 } = createRequire(import.meta.url)('ssh2/lib/protocol/utils.js') as {
  convertSignature(signature: Buffer, keyType: string): Buffer | false;
  sigSSHToASN1(signature: Buffer, keyType: string): Buffer | undefined;
};

const generated = {
  'ssh-ed25519': await generateHostKey('ssh-ed25519'),
  'ecdsa-sha2-nistp256': await generateHostKey('ecdsa-sha2-nistp256'),
  'ecdsa-sha2-nistp384': await generateHostKey('ecdsa-sha2-nistp384'),
  'ecdsa-sha2-nistp521': await generateHostKey('ecdsa-sha2-nistp521'),
  'ssh-rsa': await generateHostKey('ssh-rsa'),
} as const satisfies Record<HostKeyType, unknown>;

/** Algorithms, with the hash that the engine's client asks for. */
const cases = [
  ['ssh-ed25519', 'ssh-ed25519', undefined],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256', undefined],
  ['ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp384', undefined],
  ['ecdsa-sha2-nistp521', 'ecdsa-sha2-nistp521', undefined],
  ['ssh-rsa', 'rsa-sha2-256', 'sha256'],
  ['ssh-rsa', 'rsa-sha2-512', 'sha512'],
] as const;

describe('a host key', () => {
  it.each(cases)('of type %s signs %s so that the engine’s client can verify it', (type, algorithm, hash) => {
    const { hostKey } = generated[type];
    const engineKey = engineHostKey(hostKey, algorithm);
    const client = ssh2.utils.parseKey(engineKey.getPublicSSH());
    if (client instanceof Error) throw client;

    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (data) => {
        const raw = engineKey.sign(Buffer.from(data));
        if (raw instanceof Error) throw raw;
        const wire = convertSignature(raw, hostKey.type);
        if (wire === false) throw new Error('the engine could not convert the signature');
        const received = sigSSHToASN1(wire, hostKey.type);
        if (received === undefined) throw new Error('the client could not convert the signature');

        expect(client.verify(Buffer.from(data), received, hash)).toBe(true);
        expect(client.verify(Buffer.from([...data, 0]), received, hash)).toBe(false);

        // The form that ours sends where the engine has no part in it.
        const blob = signatureBlobOf(raw, algorithm);
        expect(blob).toEqual(wireBytes(algorithm, [wire.length], wire));
        expect(readSignatureBlob(blob, algorithm)).toEqual(raw);
      }),
      // Enough for r and s of every sign and, mostly, one that is a byte short.
      { numRuns: type === 'ssh-rsa' ? 3 : 100 },
    );
  });

  it.each(['ssh-rsa', 'rsa-sha2-1', 'ssh-ed25519', ''])(
    'of RSA does not sign with %j, and SHA-2 is all it names',
    (name) => {
      const { hostKey } = generated['ssh-rsa'];

      expect(() => hostKey.sign(Buffer.from('x'), name as HostKeyAlgorithm)).toThrow(
        `ssh-rsa host keys do not sign with ${name}`,
      );
      expect(engineHostKey(hostKey, name as HostKeyAlgorithm).sign(Buffer.from('x'))).toBeInstanceOf(Error);
      expect(hostKey.algorithms).toEqual(['rsa-sha2-512', 'rsa-sha2-256']);
    },
  );

  it('signs without a this', () => {
    const { sign } = generated['ssh-ed25519'].hostKey;

    expect(sign(Buffer.from('x'), 'ssh-ed25519')).toHaveLength(64);
  });

  it('does not show its private key', () => {
    const { hostKey, privateKeyText } = generated['ssh-ed25519'];
    const body = Buffer.from(privateKeyText.replaceAll(/-----.*-----/g, ''), 'base64');
    // The seed stands before the last copy of the public key.
    const publicKey = hostKey.publicBlob.subarray(-32);
    const seed = body.subarray(body.lastIndexOf(publicKey) - 32, body.lastIndexOf(publicKey));
    const shown = inspect(hostKey, { depth: Infinity, showHidden: true }) + JSON.stringify(hostKey);

    expect(seed).toHaveLength(32);
    expect(shown).not.toContain([...seed].join(','));
    expect(shown).not.toContain(seed.toString('hex', 0, 8).replaceAll(/..(?=.)/g, '$& '));
    expect(shown).toContain(hostKey.fingerprint);
  });
});
