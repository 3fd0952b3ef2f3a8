import { createDecipheriv, createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { wireBytes } from '../support/wire-bytes.js';
import { HYBRID, HybridKeys } from '../support/wire-client-hybrid.js';
import { kexInit, namesOf } from '../support/wire-client-packets.js';
import type { PlainClient } from '../support/wire-client-plain.js';
import { TestServer } from './test-server.js';

const STRICT = 'kex-strict-c-v00@openssh.com';

const stringOf = (bytes: Buffer): Buffer => wireBytes([bytes.length], bytes);
const sha256 = (...parts: readonly Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const kexdhInit = (value: Buffer): Buffer => wireBytes(30, stringOf(value));

/** How a secret would be encoded that is a number, as that of X25519 alone is. */
const mpintOf = (secret: Buffer): Buffer =>
  stringOf((secret[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), secret]) : secret);

/** The strings behind the number of a message. */
function stringsOf(payload: Buffer): readonly Buffer[] {
  const strings: Buffer[] = [];
  for (let at = 1; at < payload.length;) {
    const length = payload.readUInt32BE(at);
    strings.push(payload.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return strings;
}

/** A client's X25519 pair, the public key raw. */
function x25519() {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  return { privateKey, publicKey: Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url') };
}

/** What the server has sent behind its NEWKEYS: the first packets under new keys. */
async function encrypted(client: PlainClient): Promise<Buffer> {
  for (;;) {
    const bytes = Buffer.concat(client.received);
    let at = bytes.indexOf('\n') + 1;
    while (at + 6 <= bytes.length) {
      const isLast = bytes[at + 5] === 21;
      at += 4 + bytes.readUInt32BE(at);
      if (!isLast) continue;
      if (bytes.length > at + 4) return bytes.subarray(at);
      break;
    }
    await new Promise((resolve) => client.socket.once('data', resolve));
  }
}

/** A handshake written out by RFC 4253 sections 7 and 8 and the draft, without the engine of the server under test. */
async function handshake(server: TestServer) {
  const client = await server.plain();
  const clientInit = kexInit({ keyExchange: [HYBRID, 'ext-info-c', STRICT] });
  const { privateKey, publicKey } = x25519();
  const keys = new HybridKeys();
  client.send(clientInit, kexdhInit(keys.init(publicKey)), Buffer.of(21));
  const serverInit = await client.payload(20);
  const reply = await client.payload(31);
  await client.payload(21);

  const [hostKey = Buffer.alloc(0), serverValue = Buffer.alloc(0), signature = Buffer.alloc(0)] = stringsOf(reply);
  const secret = keys.secret(serverValue, privateKey);
  const serverLine = client.text.slice(0, client.text.indexOf('\r\n'));
  const hash = (encoded: Buffer): Buffer =>
    sha256(
      wireBytes('SSH-2.0-plain', serverLine),
      ...[clientInit, serverInit, hostKey, keys.init(publicKey), serverValue].map(stringOf),
      encoded,
    );
  const verifies = (exchangeHash: Buffer): boolean => {
    const x = hostKey.subarray(-32).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, exchangeHash, key, signature.subarray(-64));
  };
  return { client, secret, hash, verifies, serverValue };
}

describe('mlkem768x25519-sha256', () => {
  it('comes first in what a server offers', async () => {
    const server = await TestServer.start();
    const client = await server.plain();
    client.send();

    const [keyExchange] = namesOf(await client.payload(20));
    expect(keyExchange?.[0]).toBe(HYBRID);
  });

  it('is hashed as the draft has it, with the secret as a string whatever its first bit', async () => {
    const server = await TestServer.start();
    const firstBits = new Set<boolean>();
    // A secret begins with either bit as often; a hundred in a row are alike once in 2^99 runs.
    for (let count = 0; count < 100 && firstBits.size < 2; count += 1) {
      const { client, secret, hash, verifies, serverValue } = await handshake(server);
      expect(serverValue).toHaveLength(1088 + 32);
      expect(verifies(hash(stringOf(secret)))).toBe(true);
      const isNegative = (secret[0] ?? 0) >= 0x80;
      expect(verifies(hash(mpintOf(secret)))).toBe(!isNegative);
      firstBits.add(isNegative);
      client.socket.destroy();
    }

    expect(firstBits.size).toBe(2);
    expect(server.errors).toEqual([]);
  });

  it('leads to keys that are derived from the secret as a string', async () => {
    const server = await TestServer.start();
    for (let round = 0; round < 6; round += 1) {
      const { client, secret, hash } = await handshake(server);
      const exchangeHash = hash(stringOf(secret));
      const derive = (letter: string): Buffer =>
        sha256(stringOf(secret), exchangeHash, Buffer.from(letter), exchangeHash);

      const packet = await encrypted(client);
      const length = packet.readUInt32BE(0);
      // RFC 5647: the length is not encrypted, and the tag of 16 bytes stands behind.
      const decipher = createDecipheriv('aes-128-gcm', derive('D').subarray(0, 16), derive('B').subarray(0, 12));
      decipher.setAAD(packet.subarray(0, 4));
      decipher.setAuthTag(packet.subarray(4 + length, 4 + length + 16));
      const plain = Buffer.concat([decipher.update(packet.subarray(4, 4 + length)), decipher.final()]);

      expect(plain.toString('latin1', 1)).toContain('server-sig-algs');
      client.socket.destroy();
    }
  });

  it('is what connections, events and audits are told of', async () => {
    const server = await TestServer.start();
    await (await server.login({ keyExchange: [HYBRID] })).sync();

    expect(server.ssh.connections[0]?.algorithms?.keyExchange).toBe(HYBRID);
    expect(server.of('SSHStatus').map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^keys exchanged: mlkem768x25519-sha256, /u),
    );
  });

  it('is chosen although it is all that the server has', async () => {
    const server = await TestServer.start({ algorithms: { keyExchange: [HYBRID] } });
    const { secret, hash, verifies } = await handshake(server);

    expect(verifies(hash(stringOf(secret)))).toBe(true);
    expect(server.ssh.connections[0]?.algorithms?.keyExchange).toBe(HYBRID);
  });

  it('does not let in a client that knows only what stands in for it', async () => {
    const server = await TestServer.start({ algorithms: { keyExchange: [HYBRID] } });
    const client = await server.plain();
    client.send(kexInit());
    await client.closed;

    expect(server.of('Disconnected')).toMatchObject([{ by: 'server', reason: 'KEY_EXCHANGE_FAILED' }]);
  });

  it('is not chosen when the server does not offer it, nor when the client wants it less', async () => {
    const without = await TestServer.start({ algorithms: { keyExchange: ['curve25519-sha256'] } });
    await without.login({ keyExchange: [HYBRID, 'curve25519-sha256'] });
    const server = await TestServer.start();
    await server.login({ keyExchange: ['curve25519-sha256', HYBRID] });

    expect(without.ssh.connections[0]?.algorithms?.keyExchange).toBe('curve25519-sha256');
    expect(server.ssh.connections[0]?.algorithms?.keyExchange).toBe('curve25519-sha256');
  });

  it('goes through re-exchanges that either side asks for', async () => {
    const server = await TestServer.start();
    const client = await server.login({ keyExchange: [HYBRID] });
    const sessionId = Buffer.from(client.sessionId);

    for (let count = 2; count < 10; count += 1) {
      if (count % 2 === 0) client.rekey();
      else {
        server.ssh.connections[0]?.exchangeKeys();
        server.clock.advance(0);
      }
      await client.exchanged(count);
      await client.sync();
    }

    expect(client.sessionId).toEqual(sessionId);
    expect(server.ssh.connections[0]?.algorithms?.keyExchange).toBe(HYBRID);
  });

  it('may give way to another method in a re-exchange, and take its place', async () => {
    const server = await TestServer.start();
    for (const [first, second] of [
      [HYBRID, 'curve25519-sha256'],
      ['curve25519-sha256', HYBRID],
      [HYBRID, 'diffie-hellman-group16-sha512'],
    ] as const) {
      const client = await server.login({ keyExchange: [first] });
      client.offerNext({ keyExchange: [second] });
      client.rekey();
      await client.exchanged(2);
      await client.sync();
      expect(server.ssh.connections.at(-1)?.algorithms?.keyExchange).toBe(second);
    }
  });

  it('after a wrong guess drops the packet that was sent ahead, and takes the next', async () => {
    const server = await TestServer.start();
    const client = await server.plain();
    const guessed = kexInit({ keyExchange: ['guess@test', HYBRID, STRICT] });
    guessed.writeUInt8(1, guessed.length - 5);
    client.send(guessed, kexdhInit(Buffer.alloc(32)), kexdhInit(new HybridKeys().init(x25519().publicKey)));

    expect((await client.payload(31)).readUInt32BE(1)).toBe(51);
  });

  it('after a right guess takes the packet that was sent ahead', async () => {
    const server = await TestServer.start();
    const client = await server.plain();
    const guessed = kexInit({ keyExchange: [HYBRID, STRICT] });
    guessed.writeUInt8(1, guessed.length - 5);
    client.send(guessed, kexdhInit(new HybridKeys().init(x25519().publicKey)));

    await client.payload(31);
  });

  it('does not mistake a KEXINIT in the place of a wrong guess for the one to answer', async () => {
    const server = await TestServer.start();
    const client = await server.plain();
    const guessed = kexInit({ keyExchange: ['guess@test', 'curve25519-sha256', STRICT] });
    guessed.writeUInt8(1, guessed.length - 5);
    client.send(guessed, kexInit({ keyExchange: [HYBRID, STRICT] }), kexdhInit(x25519().publicKey));

    const [, serverValue] = stringsOf(await client.payload(31));
    expect(serverValue).toHaveLength(32);
  });

  it.each([
    ['a KEXINIT that ends in its first list', kexInit({ keyExchange: [HYBRID] }).subarray(0, 40)],
    ['a first list that is longer than the packet', lyingAboutItsLength()],
    [
      'a KEXINIT that ends behind its first list',
      kexInit({ keyExchange: [HYBRID] }).subarray(0, 17 + 4 + HYBRID.length),
    ],
    ['a KEXINIT without lists', Buffer.concat([Buffer.of(20), Buffer.alloc(16)])],
  ])('is not reached by %s', async (_what, payload) => {
    const server = await TestServer.start();
    const client = await server.plain();
    client.send(payload);
    await client.closed;

    expect(server.of('Disconnected')).toMatchObject([{ by: 'server', reason: 'KEY_EXCHANGE_FAILED' }]);
    await server.servesTheNext();
  });
});

function lyingAboutItsLength(): Buffer {
  const payload = kexInit({ keyExchange: [HYBRID] });
  payload.writeUInt32BE(0xffff_ffff, 17);
  return payload;
}
