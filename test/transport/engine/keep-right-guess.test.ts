import { describe, expect, it } from 'vitest';

import { keepRightGuess } from '../../../src/transport/engine/keep-right-guess.js';
import { Kexinit } from '../../../src/transport/messages/kexinit.js';

const kexinit = (kexAlgorithms: readonly string[], serverHostKeyAlgorithms: readonly string[]): Buffer =>
  Kexinit.encode({
    cookie: Buffer.alloc(16),
    kexAlgorithms,
    serverHostKeyAlgorithms,
    encryptionAlgorithmsClientToServer: ['aes128-ctr'],
    encryptionAlgorithmsServerToClient: ['aes128-ctr'],
    macAlgorithmsClientToServer: ['hmac-sha2-256'],
    macAlgorithmsServerToClient: ['hmac-sha2-256'],
    compressionAlgorithmsClientToServer: ['none'],
    compressionAlgorithmsServerToClient: ['none'],
    languagesClientToServer: [],
    languagesServerToClient: [],
    firstKexPacketFollows: true,
    reserved: 0,
  });

const OURS = kexinit(['curve25519-sha256', 'ecdh-sha2-nistp256'], ['ssh-ed25519', 'rsa-sha2-512']);

/** Whether the engine, about to skip a packet, still skips it. */
function skips(theirs: Buffer, ours: Buffer | undefined = OURS): boolean | undefined {
  const protocol = { _kexinit: ours, _skipNextInboundPacket: true };
  keepRightGuess(protocol, theirs);
  return protocol._skipNextInboundPacket;
}

describe('keepRightGuess', () => {
  it('keeps the packet if both sides want the same method and host key algorithm most', () => {
    expect(skips(kexinit(['curve25519-sha256', 'other'], ['ssh-ed25519', 'other']))).toBe(false);
  });

  it.each([
    ['method', kexinit(['ecdh-sha2-nistp256', 'curve25519-sha256'], ['ssh-ed25519'])],
    ['host key algorithm', kexinit(['curve25519-sha256'], ['rsa-sha2-512', 'ssh-ed25519'])],
    ['method, which was not even found', kexinit(['other', 'curve25519-sha256'], ['ssh-ed25519'])],
  ])('skips the packet if the client wants another %s most', (_what, theirs) => {
    expect(skips(theirs)).toBe(true);
  });

  it('skips the packet if the client’s message cannot be read', () => {
    expect(skips(Buffer.of(20, 1, 2, 3))).toBe(true);
  });

  it('changes nothing if nothing was to be skipped', () => {
    const theirs = kexinit(['curve25519-sha256'], ['rsa-sha2-512']);
    const protocol = { _kexinit: OURS, _skipNextInboundPacket: false };
    keepRightGuess(protocol, theirs);
    expect(protocol._skipNextInboundPacket).toBe(false);
  });
});
