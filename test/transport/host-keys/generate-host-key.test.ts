import { writeFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { generateHostKey } from '../../../src/transport/host-keys/generate-host-key.js';
import { parseHostKey } from '../../../src/transport/host-keys/parse-host-key.js';
import { WireReader } from '../../../src/transport/wire/wire-reader.js';
import { KeyFolder, kinds, openssh } from './ssh-keygen.js';

describe.skipIf(openssh.missing.length > 0)(openssh.title('ssh-keygen on generated keys'), () => {
  it.each(kinds)('reads a $type key and finds the same public key', async ({ type }) => {
    await using folder = await KeyFolder.make();
    const { hostKey, privateKeyText } = await generateHostKey(type, { comment: 'made here' });
    const path = folder.file('key');
    await writeFile(path, privateKeyText, { mode: 0o600 });

    expect(await folder.publicLine(path)).toBe(`${type} ${hostKey.publicBlob.toString('base64')} made here`);
    expect(await folder.fingerprint(path)).toBe(hostKey.fingerprint);
  });

  // The comment moves the end of the private part, and with it the padding.
  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])('reads a key with a comment of %i characters', async (length) => {
    await using folder = await KeyFolder.make();
    const { privateKeyText } = await generateHostKey('ssh-ed25519', { comment: 'c'.repeat(length) });
    const path = folder.file('key');
    await writeFile(path, privateKeyText, { mode: 0o600 });

    expect(await folder.publicLine(path)).toMatch(
      new RegExp(`^ssh-ed25519 \\S+${length > 0 ? ` c{${String(length)}}` : ''}$`),
    );
  });
});

/** The secret integer of an ECDSA key as it is written, sign byte included. */
function secretOf(privateKeyText: string): Buffer {
  const file = new WireReader(Buffer.from(privateKeyText.replaceAll(/-----.*-----/g, ''), 'base64'));
  file.bytes('openssh-key-v1\0'.length);
  for (let field = 0; field < 3; field += 1) file.string();
  file.uint32();
  file.string();
  const secret = new WireReader(file.string());
  secret.uint64();
  for (let field = 0; field < 3; field += 1) secret.string();
  return secret.string();
}

describe('generateHostKey', () => {
  it('makes an Ed25519 key without a comment unless told otherwise', async () => {
    const { hostKey } = await generateHostKey();

    expect(hostKey.type).toBe('ssh-ed25519');
    expect(hostKey).not.toHaveProperty('comment');
  });

  it('never makes the same key twice', async () => {
    const [a, b] = await Promise.all([generateHostKey(), generateHostKey()]);

    expect(a.hostKey.fingerprint).not.toBe(b.hostKey.fingerprint);
  });

  it.each(['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'] as const)(
    'what it writes of %s can be read back, and its secret is a positive integer in its shortest form',
    async (type) => {
      // One secret in 256 begins with a zero byte, and in 521 bits the first byte is 0 or 1.
      const keys = await Promise.all(Array.from({ length: 60 }, () => generateHostKey(type)));

      for (const { hostKey, privateKeyText } of keys) {
        expect(parseHostKey(privateKeyText).publicBlob).toEqual(hostKey.publicBlob);
        const [first = 0, second = 0] = secretOf(privateKeyText);
        expect(first).toBeLessThan(0x80);
        expect(first === 0 && second < 0x80).toBe(false);
      }
    },
  );
});
