import { createRequire } from 'node:module';
import { inspect } from 'node:util';

import fc from 'fast-check';
import ssh2 from 'ssh2';
import { describe, expect, it } from 'vitest';

import { generateHostKey } from '../../../src/transport/host-keys/generate-host-key.js';
import type { HostKeyType } from '../../../src/transport/host-keys/host-key-type.js';

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

/** Hashes that the engine asks for, by the algorithm it negotiated. */
const cases = [
  ['ssh-ed25519', undefined],
  ['ecdsa-sha2-nistp256', undefined],
  ['ecdsa-sha2-nistp384', undefined],
  ['ecdsa-sha2-nistp521', undefined],
  ['ssh-rsa', 'sha256'],
  ['ssh-rsa', 'sha512'],
] as const;

describe('a host key in the hands of the engine', () => {
  it.each(cases)('a %s signature with hash %s verifies on the client’s side', (type, hash) => {
    const { hostKey } = generated[type];
    const client = ssh2.utils.parseKey(hostKey.getPublicSSH());
    if (client instanceof Error) throw client;

    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (data) => {
        const raw = hostKey.sign(data, hash);
        if (raw instanceof Error) throw raw;
        const wire = convertSignature(raw, hostKey.type);
        if (wire === false) throw new Error('the engine could not convert the signature');
        const received = sigSSHToASN1(wire, hostKey.type);
        if (received === undefined) throw new Error('the client could not convert the signature');

        expect(client.verify(Buffer.from(data), received, hash)).toBe(true);
        expect(client.verify(Buffer.from([...data, 0]), received, hash)).toBe(false);
      }),
      // Enough for r and s of every sign and, mostly, one that is a byte short.
      { numRuns: type === 'ssh-rsa' ? 3 : 100 },
    );
  });

  it('an RSA key signs with SHA-2 only, and says so without throwing', () => {
    const { hostKey } = generated['ssh-rsa'];

    expect(hostKey.sign(Buffer.from('x'))).toBeInstanceOf(Error);
    expect(hostKey.sign(Buffer.from('x'), 'sha1')).toBeInstanceOf(Error);
    expect(hostKey.sign(Buffer.from('x'), 'md5')).toMatchObject({ message: 'ssh-rsa host keys do not sign with md5' });
    expect(hostKey.algorithms).not.toContain('ssh-rsa');
  });

  it('its methods need no this', () => {
    const { sign, getPublicSSH, publicBlob } = generated['ssh-ed25519'].hostKey;

    expect(sign(Buffer.from('x'))).toHaveLength(64);
    expect(getPublicSSH()).toBe(publicBlob);
  });

  it('it does not show its private key', () => {
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
