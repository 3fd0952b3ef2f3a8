import { createDiffieHellmanGroup, generateKeyPairSync } from 'node:crypto';

import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';

import { describe, expect, it } from 'vitest';

import { ALGORITHM_PRESETS } from '../../src/index.js';
import { wireBytes } from '../support/wire-bytes.js';
import { HYBRID } from '../support/wire-client-hybrid.js';
import { kexInit, namesOf } from '../support/wire-client-packets.js';
import * as send from '../support/wire-client-payloads.js';
import { TestServer } from './test-server.js';

/** A string as KEXDH_INIT carries it. */
const kexdhInit = (value: Buffer): Buffer => wireBytes(30, [value.length], value);

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** Points of small order, which make the secret zero whatever the server's key (RFC 7748 section 6.1). */
const SMALL_ORDER = [
  hex('00'.repeat(32)),
  hex(`01${'00'.repeat(31)}`),
  hex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'),
  hex('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'),
  hex(`ecff${'ff'.repeat(29)}7f`),
  hex(`edff${'ff'.repeat(29)}7f`),
];
const WRONG_LENGTHS = [
  Buffer.alloc(0),
  Buffer.alloc(1, 9),
  Buffer.alloc(31, 9),
  Buffer.alloc(33, 9),
  Buffer.alloc(4096, 9),
];

const offCurve = (size: number): readonly Buffer[] => [
  Buffer.alloc(0),
  Buffer.alloc(1),
  Buffer.concat([Buffer.of(4), Buffer.alloc(2 * size)]),
  Buffer.concat([Buffer.of(4), Buffer.alloc(2 * size, 1)]),
  Buffer.concat([Buffer.of(4), Buffer.alloc(size)]),
  Buffer.concat([Buffer.of(4), Buffer.alloc(2 * size + 1, 1)]),
];

const outsideGroup = (name: string): readonly Buffer[] => {
  const prime = BigInt(`0x${createDiffieHellmanGroup(name).getPrime('hex')}`);
  const mpint = (value: bigint): Buffer => {
    const text = value.toString(16);
    return hex(`00${text.length % 2 === 0 ? '' : '0'}${text}`);
  };
  // The last three are 0, 1 and -1 again, in disguise.
  const numbers = [prime - 1n, prime, prime + 1n, prime << 9000n, (prime << 9000n) + 1n, (prime << 9000n) - 1n];
  return [Buffer.alloc(0), Buffer.alloc(1), Buffer.of(1), ...numbers.map(mpint)];
};

/** Halves of the hybrid: a good one, and an ML-KEM key with a coefficient that is not reduced (FIPS 203 section 7.2). */
const { publicKey: mlKem } = ml_kem768.keygen();
const { publicKey: x25519 } = generateKeyPairSync('x25519');
const goodX25519 = Buffer.from(x25519.export({ format: 'jwk' }).x ?? '', 'base64url');
const unreduced = (at: number, bytes: string): Buffer => {
  const key = Buffer.from(mlKem);
  hex(bytes).copy(key, at);
  return key;
};

const badHybrids: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.alloc(32, 9),
  Buffer.from(mlKem),
  goodX25519,
  ...SMALL_ORDER.map((value) => Buffer.concat([mlKem, value])),
  Buffer.concat([mlKem, goodX25519.subarray(1)]),
  Buffer.concat([mlKem.subarray(1), goodX25519]),
  Buffer.concat([mlKem, goodX25519, Buffer.of(0)]),
  // 3329, the modulus itself, in the first coefficient; 4095 in the first and in the last.
  Buffer.concat([unreduced(0, '010d'), goodX25519]),
  Buffer.concat([unreduced(0, 'ffff'), goodX25519]),
  Buffer.concat([unreduced(1150, 'ffff'), goodX25519]),
];

const DEGENERATE: Readonly<Record<string, readonly Buffer[]>> = {
  [HYBRID]: badHybrids,
  'curve25519-sha256': [...SMALL_ORDER, ...WRONG_LENGTHS],
  'curve25519-sha256@libssh.org': [...SMALL_ORDER, ...WRONG_LENGTHS],
  'ecdh-sha2-nistp256': offCurve(32),
  'ecdh-sha2-nistp384': offCurve(48),
  'ecdh-sha2-nistp521': offCurve(66),
  'diffie-hellman-group16-sha512': outsideGroup('modp16'),
  'diffie-hellman-group18-sha512': outsideGroup('modp18'),
  'diffie-hellman-group14-sha256': outsideGroup('modp14'),
};

describe('what a server offers', () => {
  it.each([undefined, 'modern', 'compatible'] as const)(
    'is the preset that it is set to (%s), with strict key exchange, and without compression',
    async (algorithms) => {
      const server = await TestServer.start(algorithms === undefined ? {} : { algorithms });
      const client = await server.plain();
      client.send();

      const [keyExchange, hostKeys, ...rest] = namesOf(await client.payload(20));

      const { keyExchange: expected, ciphers, macs } = ALGORITHM_PRESETS[algorithms ?? 'modern'];
      expect(keyExchange).toEqual([...expected, 'kex-strict-s-v00@openssh.com']);
      expect(hostKeys).toEqual(['ssh-ed25519']);
      expect(rest).toEqual([ciphers, ciphers, macs, macs, ['none'], ['none'], [''], ['']]);
    },
  );

  it('has no group exchange, whatever the preset: the engine would not finish it', () => {
    const everything = Object.values(ALGORITHM_PRESETS).flatMap(({ keyExchange }) => keyExchange);
    expect(everything.filter((name) => name.includes('group-exchange'))).toEqual([]);
  });

  it.each(['zlib', 'zlib@openssh.com'])('a client that insists on %s is turned away', async (compression) => {
    const server = await TestServer.start();
    const client = await server.plain();

    client.send(kexInit({ compression: [compression] }));
    await client.closed;

    expect(server.of('Disconnected')).toMatchObject([{ by: 'server', reason: 'KEY_EXCHANGE_FAILED' }]);
  });

  it.each(ALGORITHM_PRESETS.compatible.keyExchange)('%s leads to a login', async (keyExchange) => {
    const server = await TestServer.start({ algorithms: 'compatible' });
    const client = await server.connect({ keyExchange: [keyExchange] });
    await client.login();

    expect(server.ssh.connections[0]?.algorithms?.keyExchange).toBe(keyExchange);
  });

  it.each(
    ALGORITHM_PRESETS.compatible.ciphers.flatMap((cipher) =>
      cipher.endsWith('-ctr')
        ? ALGORITHM_PRESETS.compatible.macs.map((mac) => [cipher, mac] as const)
        : [[cipher, ''] as const],
    ),
  )('%s %s leads to a login and through a re-exchange', async (cipher, mac) => {
    const server = await TestServer.start({ algorithms: 'compatible' });
    const client = await server.login({ ciphers: [cipher], macs: mac === '' ? ['hmac-sha2-256'] : [mac] });
    client.rekey();
    await client.exchanged(2);
    await client.sync();

    expect(server.ssh.connections[0]?.algorithms).toMatchObject({ cipherIn: cipher, cipherOut: cipher, macIn: mac });
  });

  it('a client that wants to know gets the signature algorithms, in good form, before anything else', async () => {
    const server = await TestServer.start();
    const client = await server.connect({ extInfo: true });
    await client.exchanged();
    client.send(send.serviceRequest());
    await client.take(6);

    const names = ALGORITHM_PRESETS.modern.publicKeySignatures;
    expect(client.payloads[0]).toEqual(wireBytes(7, [2], 'server-sig-algs', names.join(','), 'ping@openssh.com', '0'));
    expect(names).toContain('ssh-ed25519');
    expect(names).toContain('rsa-sha2-512');
    expect(names.every((name) => /^[a-z0-9@.-]+$/.test(name))).toBe(true);
    expect(names).not.toContain('ssh-rsa');
  });

  it('a client is told of the signature algorithms that the server is set to', async () => {
    const server = await TestServer.start({ algorithms: { publicKeySignatures: ['ssh-ed25519'] } });
    const client = await server.connect({ extInfo: true });
    await client.take(7);

    expect(client.payloads[0]?.includes(wireBytes('server-sig-algs', 'ssh-ed25519'))).toBe(true);
  });
});

describe('strict key exchange', () => {
  it.each([
    ['before KEXINIT', [send.ignore(), kexInit()]],
    ['behind KEXINIT', [kexInit(), send.ignore()]],
  ])('IGNORE %s ends the first exchange', async (_where, payloads) => {
    const server = await TestServer.start();
    const client = await server.plain();

    client.send(...payloads);
    await client.closed;

    expect(server.of('Disconnected')).toMatchObject([{ by: 'server', reason: 'KEY_EXCHANGE_FAILED' }]);
  });

  it('does not concern clients that never asked for it', async () => {
    const server = await TestServer.start();
    const client = await server.plain();

    client.send(send.ignore(), kexInit({ keyExchange: ['curve25519-sha256'] }), send.ignore());
    client.write(Buffer.alloc(0));
    await client.payload(20);

    expect(server.errors).toEqual([]);
  });

  it.each([
    ['a second KEXINIT', [kexInit(), kexInit()]],
    ['NEWKEYS too early', [kexInit(), Buffer.of(21)]],
    ['a login before the keys', [kexInit(), send.authPassword('secret')]],
    ['a KEXINIT cut short', [kexInit().subarray(0, 40)]],
    ['a KEXDH_INIT cut short', [kexInit(), Buffer.of(30, 0, 0)]],
    ['a reply instead of an init', [kexInit(), Buffer.of(31)]],
    ['no common algorithm', [kexInit({ keyExchange: ['diffie-hellman-group1-sha1'] })]],
    ['no common host key', [kexInit({ hostKeys: ['ssh-rsa'] })]],
    ['no common cipher', [kexInit({ ciphers: ['3des-cbc'] })]],
    ['no common MAC', [kexInit({ ciphers: ['aes128-ctr'], macs: ['hmac-md5'] })]],
  ])('%s ends the first exchange', async (_what, payloads) => {
    const server = await TestServer.start();
    const client = await server.plain();

    client.send(...payloads);
    await client.closed;

    expect(server.errors.map(({ error }) => error.code)).toEqual(['ERR_SSH_PROTOCOL']);
    expect(server.of('Disconnected')).toMatchObject([{ by: 'server', reason: 'KEY_EXCHANGE_FAILED' }]);
    await server.servesTheNext();
  });

  it('a wrong first guess is skipped and leaks nothing', async () => {
    const server = await TestServer.start();
    const client = await server.plain();
    const guessed = kexInit({ keyExchange: ['curve25519-sha512@guess', 'diffie-hellman-group16-sha512'] });
    guessed.writeUInt8(1, guessed.length - 5);

    client.send(guessed, kexdhInit(Buffer.alloc(32)));
    await client.payload(20);
    client.write(Buffer.alloc(0));

    expect(server.errors).toEqual([]);
    expect(client.payloads.map((payload) => payload[0])).toEqual([20]);
  });
});

it('after NEWKEYS nothing leaves under the old keys, not even a goodbye', async () => {
  const server = await TestServer.start();
  const client = await server.plain();
  const { publicKey } = generateKeyPairSync('x25519');
  client.send(kexInit(), kexdhInit(Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')));
  await client.payload(21);

  server.clock.advance(60_000);
  await client.closed;

  expect(client.payloads.map((payload) => payload[0])).toEqual([20, 31, 21]);
  expect(server.of('Disconnected')).toMatchObject([{ by: 'server', description: 'the login took too long' }]);
});

describe('degenerate public values', () => {
  it('are known for every key exchange on offer', () => {
    expect(Object.keys(DEGENERATE)).toEqual(ALGORITHM_PRESETS.compatible.keyExchange);
  });

  it.each(Object.entries(DEGENERATE))('%s: none of them gets a reply', async (keyExchange, values) => {
    const server = await TestServer.start({ algorithms: 'compatible' });

    for (const value of values) {
      const client = await server.plain();
      client.send(kexInit({ keyExchange: [keyExchange, 'kex-strict-c-v00@openssh.com'] }), kexdhInit(value));
      await client.closed;
      expect(
        client.payloads.map((payload) => payload[0]),
        value.toString('hex'),
      ).toEqual([20, 1]);
    }

    expect(server.errors).toHaveLength(values.length);
    expect(server.of('Disconnected').every(({ reason }) => reason === 'KEY_EXCHANGE_FAILED')).toBe(true);
    await server.servesTheNext();
  });

  // The native ciphers of the engine are freed by then: this once ended the process, before anybody had signed in.
  it.each(ALGORITHM_PRESETS.compatible.ciphers)(
    'in a re-exchange under %s end it, whatever follows at once',
    async (cipher) => {
      const server = await TestServer.start();
      const client = await server.connect({
        ciphers: [cipher],
        publicValue: (right, exchange) => (exchange === 1 ? right : Buffer.alloc(32)),
      });
      await client.exchanged();
      client.behindKexdhInit = [send.ignore(), send.serviceRequest(), send.authPassword('secret')];

      client.rekey();
      await client.closed;

      expect(client.goodbye).toMatchObject({ reason: 3 });
      expect(server.of('Disconnected')).toMatchObject([{ by: 'server', reason: 'KEY_EXCHANGE_FAILED' }]);
      expect(server.of('SSHServiceRequest')).toEqual([]);
      await server.servesTheNext();
    },
  );
});

describe('key re-exchange', () => {
  it('is answered twice before authentication, not a third time', async () => {
    const server = await TestServer.start();
    const client = await server.connect();
    await client.exchanged();

    for (const count of [2, 3]) {
      client.rekey();
      await client.exchanged(count);
    }
    client.rekey();
    await client.closed;

    expect(client.exchanges).toBe(3);
    expect(client.goodbye?.reason).toBe(2);
  });

  it('can be started by the server', async () => {
    const server = await TestServer.start();
    const client = await server.login();
    const [connection] = server.ssh.connections;

    connection?.exchangeKeys();
    server.clock.advance(0);
    await client.exchanged(2);

    await client.sync();
    expect(server.of('SSHStatus').at(-1)?.message).toMatch(/^keys renewed: curve25519-sha256/);
  });

  it('keeps the session identifier', async () => {
    const server = await TestServer.start();
    const client = await server.connect();
    await client.exchanged();
    const before = Buffer.from(client.sessionId);
    client.rekey();
    await client.exchanged(2);

    expect(client.sessionId).toEqual(before);
    await client.login();
  });

  it('that the client does not finish ends after its time', async () => {
    const server = await TestServer.start({ keyExchangeTimeoutMs: 20_000 });
    const client = await server.login();

    client.stream.pause();
    const arrived = new Promise((resolve) => server.sockets[0]?.once('data', resolve));
    client.send(kexInit({ keyExchange: ['curve25519-sha256'] }));
    await arrived;
    server.clock.advance(19_999);
    expect(server.ssh.connections).toHaveLength(1);
    server.clock.advance(1);
    client.destroy();

    expect(server.of('Disconnected')).toMatchObject([{ by: 'server', reason: 'KEY_EXCHANGE_FAILED' }]);
  });

  it('that the client does not answer ends after its time', async () => {
    const server = await TestServer.start();
    const client = await server.login();
    client.stream.pause();

    server.ssh.connections[0]?.exchangeKeys();
    server.clock.advance(0);
    server.clock.advance(20_000);

    expect(server.of('Disconnected')).toMatchObject([{ by: 'server', reason: 'KEY_EXCHANGE_FAILED' }]);
    client.stream.resume();
    await client.closed;
    expect(client.goodbye).toEqual({ reason: 3, description: 'the key exchange took too long' });
  });

  it('does not start before the first is over, nor twice at once', async () => {
    const server = await TestServer.start();
    const plain = await server.plain();
    await server.event('Connected');
    server.ssh.connections[0]?.exchangeKeys();
    server.clock.advance(0);
    plain.socket.destroy();

    const client = await server.login();
    const connection = server.ssh.connections.at(-1);
    connection?.exchangeKeys();
    connection?.exchangeKeys();
    server.clock.advance(0);
    await client.exchanged(2);
    await client.sync();

    expect(client.exchanges).toBe(2);
  });
});
