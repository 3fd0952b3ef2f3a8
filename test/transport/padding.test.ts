import { createRequire } from 'node:module';

import { describe, expect, it } from 'vitest';

import { padFromPool } from '../../src/transport/engine/padding.js';
import type { EngineCipher } from '../../src/transport/engine/ssh2-internals.js';

interface CipherInfo {
  readonly keyLen: number;
  readonly ivLen: number;
}

// The engine's own factory, to compare our packets with its own.
const { CIPHER_INFO, MAC_INFO, NullCipher, createCipher } = createRequire(import.meta.url)(
  'ssh2/lib/protocol/crypto.js',
) as {
  CIPHER_INFO: Record<string, CipherInfo>;
  MAC_INFO: Record<string, { readonly len: number }>;
  NullCipher: new (sequenceNumber: number, onWrite: () => void) => EngineCipher;
  createCipher: (config: unknown) => EngineCipher;
};

function cipherOf(name: string, mac: string | undefined, forceNative: boolean): EngineCipher {
  const cipherInfo = CIPHER_INFO[name];
  const macInfo = mac === undefined ? undefined : MAC_INFO[mac];
  return createCipher({
    outbound: {
      onWrite: () => undefined,
      seqno: 0,
      cipherInfo,
      cipherKey: Buffer.alloc(cipherInfo?.keyLen ?? 0, 1),
      cipherIV: Buffer.alloc(cipherInfo?.ivLen ?? 0, 2),
      macInfo,
      macKey: Buffer.alloc(macInfo?.len ?? 0, 3),
      forceNative,
    },
  });
}

const authenticating = ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'chacha20-poly1305@openssh.com'];
const counting = ['aes128-ctr', 'aes192-ctr', 'aes256-ctr'];
const macs = ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'];
const suites = [
  ...authenticating.map((cipher) => ({ cipher, mac: undefined })),
  ...counting.flatMap((cipher) => macs.map((mac) => ({ cipher, mac }))),
].flatMap((suite) => [true, false].map((forceNative) => ({ ...suite, forceNative })));

describe('padding from the pool', () => {
  it.each(suites)(
    'lays out packets as the engine does: $cipher $mac, native $forceNative',
    ({ cipher, mac, forceNative }) => {
      const engine = cipherOf(cipher, mac, forceNative);
      const ours = cipherOf(cipher, mac, forceNative);
      padFromPool(ours);

      for (let length = 0; length < 80; length += 1) {
        const theirs = engine.allocPacket(length);
        const packet = ours.allocPacket(length);
        expect(packet.length).toBe(theirs.length);
        expect(packet.subarray(0, 5)).toEqual(theirs.subarray(0, 5));
      }
    },
  );

  it('lays out packets before the first key exchange as the engine does', () => {
    const engine = new NullCipher(0, () => undefined);
    const ours = new NullCipher(0, () => undefined);
    padFromPool(ours);

    for (let length = 0; length < 80; length += 1) {
      expect(ours.allocPacket(length).subarray(0, 5)).toEqual(engine.allocPacket(length).subarray(0, 5));
      expect(ours.allocPacket(length).length).toBe(engine.allocPacket(length).length);
    }
  });

  it('never pads two packets alike', () => {
    const cipher = cipherOf('aes128-gcm@openssh.com', undefined, false);
    padFromPool(cipher);
    const seen = new Set<string>();

    // 3,000 packets go through the pool more than once.
    for (let packet = 0; packet < 3000; packet += 1) {
      const bytes = cipher.allocPacket(1);
      seen.add(bytes.subarray(6, 6 + (bytes[4] ?? 0)).toString('hex'));
    }

    expect(seen.size).toBe(3000);
  });
});
