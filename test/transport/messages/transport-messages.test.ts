import { describe, expect, it } from 'vitest';

import { Debug } from '../../../src/transport/messages/debug.js';
import { Disconnect } from '../../../src/transport/messages/disconnect.js';
import { DisconnectReason, disconnectReasonName } from '../../../src/transport/messages/disconnect-reason.js';
import { ExtInfo } from '../../../src/transport/messages/ext-info.js';
import { Ignore } from '../../../src/transport/messages/ignore.js';
import { KexdhInit, KexdhReply } from '../../../src/transport/messages/kexdh.js';
import { Kexinit } from '../../../src/transport/messages/kexinit.js';
import { Newcompress } from '../../../src/transport/messages/newcompress.js';
import { Newkeys } from '../../../src/transport/messages/newkeys.js';
import { Ping, Pong } from '../../../src/transport/messages/ping.js';
import { ServiceAccept, ServiceRequest } from '../../../src/transport/messages/service.js';
import { Unimplemented } from '../../../src/transport/messages/unimplemented.js';
import { itObeysMessageLaws } from '../../support/message-laws.js';
import { wireBytes } from '../../support/wire-bytes.js';

itObeysMessageLaws(Disconnect);
itObeysMessageLaws(Ignore);
itObeysMessageLaws(Unimplemented);
itObeysMessageLaws(Debug);
itObeysMessageLaws(ServiceRequest);
itObeysMessageLaws(ServiceAccept);
itObeysMessageLaws(ExtInfo);
itObeysMessageLaws(Newcompress);
itObeysMessageLaws(Kexinit);
itObeysMessageLaws(Newkeys);
itObeysMessageLaws(KexdhInit);
itObeysMessageLaws(KexdhReply);
itObeysMessageLaws(Ping);
itObeysMessageLaws(Pong);

describe('transport messages on the wire', () => {
  it('puts DISCONNECT as RFC 4253 section 11.1 lists it', () => {
    const payload = wireBytes(1, [11], 'bye', 'en');

    expect(Disconnect.encode({ reasonCode: 11, description: 'bye', languageTag: 'en' })).toEqual(payload);
    expect(payload.toString('hex')).toBe('010000000b0000000362796500000002656e');
  });

  it('puts KEXINIT as RFC 4253 section 7.1 lists it', () => {
    const cookie = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
    const kexinit: Kexinit = {
      type: 'SSH_MSG_KEXINIT',
      cookie,
      kexAlgorithms: ['curve25519-sha256', 'kex-strict-s-v00@openssh.com'],
      serverHostKeyAlgorithms: ['ssh-ed25519'],
      encryptionAlgorithmsClientToServer: ['aes256-gcm@openssh.com'],
      encryptionAlgorithmsServerToClient: ['aes128-ctr'],
      macAlgorithmsClientToServer: ['hmac-sha2-256'],
      macAlgorithmsServerToClient: ['hmac-sha2-512'],
      compressionAlgorithmsClientToServer: ['none'],
      compressionAlgorithmsServerToClient: ['none', 'zlib@openssh.com'],
      languagesClientToServer: [],
      languagesServerToClient: [],
      firstKexPacketFollows: true,
      reserved: 0,
    };
    const payload = wireBytes(
      ...[20, cookie, 'curve25519-sha256,kex-strict-s-v00@openssh.com', 'ssh-ed25519', 'aes256-gcm@openssh.com'],
      ...['aes128-ctr', 'hmac-sha2-256', 'hmac-sha2-512', 'none', 'none,zlib@openssh.com', '', '', 1, [0] as const],
    );

    expect(Kexinit.encode(kexinit)).toEqual(payload);
    expect(Kexinit.decode(payload)).toEqual(kexinit);
  });

  it('puts EXT_INFO as RFC 8308 section 2.3 lists it', () => {
    const extensions = [
      { extensionName: 'server-sig-algs', extensionValue: Buffer.from('ssh-ed25519,rsa-sha2-512') },
      { extensionName: 'ping@openssh.com', extensionValue: Buffer.from('0') },
    ];

    expect(ExtInfo.encode({ extensions })).toEqual(
      wireBytes(7, [2], 'server-sig-algs', 'ssh-ed25519,rsa-sha2-512', 'ping@openssh.com', '0'),
    );
  });

  it('refuses an EXT_INFO with more than 1,024 extensions', () => {
    const pairs = Array.from({ length: 1025 }, () => wireBytes('', ''));

    expect(ExtInfo.decode(wireBytes(7, [1024], ...pairs.slice(1)))?.extensions).toHaveLength(1024);
    expect(ExtInfo.decode(wireBytes(7, [1025], ...pairs))).toBeUndefined();
  });

  it('puts UNIMPLEMENTED and the services as RFC 4253 lists them', () => {
    expect(Unimplemented.encode({ packetSequenceNumber: 0x01020304 }).toString('hex')).toBe('0301020304');
    expect(ServiceRequest.encode({ serviceName: 'ssh-userauth' })).toEqual(wireBytes(5, 'ssh-userauth'));
    expect(ServiceAccept.encode({ serviceName: 'ssh-userauth' })).toEqual(wireBytes(6, 'ssh-userauth'));
  });

  it('puts PING and PONG as OpenSSH lists them', () => {
    expect(Ping.encode({ data: Buffer.from('x') })).toEqual(wireBytes(192, 'x'));
    expect(Pong.encode({ data: Buffer.from('x') })).toEqual(wireBytes(193, 'x'));
  });

  it('refuses a service name with control characters', () => {
    expect(ServiceRequest.decode(wireBytes(5, 'ssh-userauth\n'))).toBeUndefined();
  });
});

describe('disconnectReasonName', () => {
  it('finds the name of every reason', () => {
    for (const [name, code] of Object.entries(DisconnectReason)) expect(disconnectReasonName(code)).toBe(name);
  });

  it.each([0, 16, 0xffff_ffff])('knows no reason %i', (code) => {
    expect(disconnectReasonName(code)).toBeUndefined();
  });
});
