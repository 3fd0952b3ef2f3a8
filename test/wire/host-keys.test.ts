import { verify } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { generateHostKey, type HostKey, hostKeyFromSigner, type SshEvent } from '../../src/index.js';
import { fakeClock } from '../../src/testing/fakes/fake-clock.js';
import { digestOf } from '../../src/transport/host-keys/signature-scheme.js';
import { publicKeyOf } from '../../src/transport/host-keys/public-blob.js';
import { readSignatureBlob } from '../../src/transport/host-keys/signature-blob.js';
import { connect, login, signIn, start } from '../di/live-server.js';
import { deferred } from '../support/deferred.js';
import { wireBytes } from '../support/wire-bytes.js';
import type { WireClient } from '../support/wire-client.js';
import * as send from '../support/wire-client-payloads.js';

const first = (await generateHostKey()).hostKey;
const second = (await generateHostKey()).hostKey;
const ecdsa = (await generateHostKey('ecdsa-sha2-nistp256')).hostKey;
const rsa = (await generateHostKey('ssh-rsa')).hostKey;

const blobsOf = (...keys: readonly HostKey[]): readonly Buffer[] => keys.map((key) => key.publicBlob);
const packed = (blobs: readonly Uint8Array[]): Buffer =>
  Buffer.concat(blobs.map((blob) => wireBytes([blob.length], Buffer.from(blob))));
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** What is told of a connection's failure. */
const errorsOf = (events: readonly SshEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'Error' ? [event.error.message] : []));

/** The signatures of a reply, by key. */
function expectProofs(
  client: WireClient,
  reply: Buffer,
  keys: readonly HostKey[],
  algorithms: readonly string[],
): void {
  expect(reply[0]).toBe(81);
  let at = 1;
  for (const [index, key] of keys.entries()) {
    const length = reply.readUInt32BE(at);
    const algorithm = key.algorithms.find((it) => it === algorithms[index]);
    const keyObject = publicKeyOf(key.publicBlob);
    if (algorithm === undefined || keyObject === undefined) throw new Error('no such algorithm');
    const signature = readSignatureBlob(reply.subarray(at + 4, at + 4 + length), algorithm);
    const { sessionId } = client;
    const signed = wireBytes(
      'hostkeys-prove-00@openssh.com',
      ...[[sessionId.length] as const, sessionId, [key.publicBlob.length] as const, key.publicBlob],
    );
    expect(signature === undefined ? false : verify(digestOf(algorithm), signed, keyObject, signature)).toBe(true);
    at += 4 + length;
  }
  expect(at).toBe(reply.length);
}

const prove = (client: WireClient, ...blobs: readonly Uint8Array[]): Promise<Buffer> => {
  client.send(send.globalRequest('hostkeys-prove-00@openssh.com', true, packed(blobs)));
  return client.take(81, 82);
};

describe('a server with several host keys', () => {
  it('uses the first of a type, and tells all to whoever has signed in', async () => {
    const { server } = await start([signIn], { hostKeys: [first, second, ecdsa], algorithms: 'compatible' });
    const client = await connect(server);
    await client.exchanged();
    await settle();
    expect(client.announcements).toEqual([]);

    await client.login();
    await client.sync();

    expect(client.hostKeys).toEqual(blobsOf(first));
    expect(client.announcements).toEqual([
      wireBytes(80, 'hostkeys-00@openssh.com', 0, packed(blobsOf(first, second, ecdsa))),
    ]);
  });

  it('tells none that it would not use', async () => {
    const { server } = await start([signIn], { hostKeys: [ecdsa, first] });
    const client = await login(server);
    await client.sync();

    expect(client.announcements).toEqual([wireBytes(80, 'hostkeys-00@openssh.com', 0, packed(blobsOf(first)))]);
  });

  it('proves those that it is asked about, in that order', async () => {
    const { server } = await start([signIn], { hostKeys: [first, second, ecdsa, rsa], algorithms: 'compatible' });
    const client = await login(server);

    expectProofs(
      client,
      await prove(client, ...blobsOf(ecdsa, second)),
      [ecdsa, second],
      ['ecdsa-sha2-nistp256', 'ssh-ed25519'],
    );
    expectProofs(client, await prove(client, ...blobsOf(rsa)), [rsa], ['rsa-sha2-512']);
  });

  it('proves an RSA key with the algorithm of the key exchange', async () => {
    const { server } = await start([signIn], { hostKeys: [rsa, first] });
    const client = await connect(server, { hostKeyAlgorithms: ['rsa-sha2-256'] });
    await client.login();

    expectProofs(client, await prove(client, rsa.publicBlob), [rsa], ['rsa-sha2-256']);
  });

  it('proves keys whose signer takes time', async () => {
    const remote = hostKeyFromSigner({
      publicKey: second.publicBlob,
      sign: async (data, algorithm) => {
        await settle();
        return second.sign(data, algorithm);
      },
    });
    const { server } = await start([signIn], { hostKeys: [first, remote] });
    const client = await login(server);

    expectProofs(client, await prove(client, second.publicBlob), [second], ['ssh-ed25519']);
  });

  it.each([
    ['a key of somebody else', packed(blobsOf(first, second))],
    ['no key', Buffer.alloc(0)],
    ['a key twice', packed(blobsOf(first, first))],
    ['what is no list', Buffer.of(0, 0, 1, 0, 1)],
  ])('refuses to prove %s', async (_, list) => {
    const { server } = await start([signIn], { hostKeys: [first] });
    const client = await login(server);
    client.send(send.globalRequest('hostkeys-prove-00@openssh.com', true, list));

    expect((await client.take(81, 82))[0]).toBe(82);
  });

  it('proves no more keys to one client than an honest one may ask about', async () => {
    const { server } = await start([signIn], { hostKeys: [first] });
    const client = await login(server);
    const replies: (number | undefined)[] = [];
    for (let time = 0; time < 66; time += 1) replies.push((await prove(client, first.publicBlob))[0]);

    expect(replies.filter((it) => it === 81)).toHaveLength(64);
    expect(replies.slice(64)).toEqual([82, 82]);
  });

  it('tells of a signer that fails to prove, and refuses', async () => {
    const remote = hostKeyFromSigner({
      publicKey: second.publicBlob,
      sign: () => Promise.reject(new Error('token gone')),
    });
    const { server, events } = await start([signIn], { hostKeys: [first, remote] });
    const client = await login(server);

    expect((await prove(client, second.publicBlob))[0]).toBe(82);
    expect(errorsOf(events)).toEqual(['a host key could not be proved: token gone']);
  });
});

describe('a server whose host keys are replaced', () => {
  it('shows new clients the new ones, and others in each key exchange those that they have begun with', async () => {
    const { server } = await start([signIn], { hostKeys: [first] });
    const early = await login(server);
    server.replaceHostKeys([second, first]);
    const late = await login(server);
    expect(late.hostKeys).toEqual(blobsOf(second));

    early.rekey();
    await early.exchanged(2);
    await early.sync();
    expect(early.hostKeys).toEqual(blobsOf(first, first));

    // Another type, so that the algorithms of the offer would change as well.
    server.replaceHostKeys([rsa]);
    for (const connection of server.connections) connection.exchangeKeys();
    await early.exchanged(3);
    await late.exchanged(2);
    late.rekey();
    await late.exchanged(3);
    expect(early.hostKeys).toEqual(blobsOf(first, first, first));
    expect(late.hostKeys).toEqual(blobsOf(second, second, second));
  });

  it('tells and proves the new ones to clients that have begun with others', async () => {
    const { server } = await start([signIn], { hostKeys: [first] });
    const client = await connect(server);
    await client.exchanged();
    server.replaceHostKeys([second]);
    await client.login();

    expectProofs(client, await prove(client, second.publicBlob), [second], ['ssh-ed25519']);
    expect((await prove(client, first.publicBlob))[0]).toBe(82);
    expect(client.announcements).toEqual([wireBytes(80, 'hostkeys-00@openssh.com', 0, packed(blobsOf(second)))]);
  });

  it('ends a key exchange with the keys that it has begun with', async () => {
    const gate = deferred<undefined>();
    const remote = hostKeyFromSigner({
      publicKey: first.publicBlob,
      sign: async (data, algorithm) => {
        await gate.promise;
        return first.sign(data, algorithm);
      },
    });
    const { server } = await start([signIn], { hostKeys: [remote] });
    const client = await connect(server);
    await settle();
    server.replaceHostKeys([second]);
    gate.resolve(undefined);
    await client.login();

    expect(client.hostKeys).toEqual(blobsOf(first));
  });

  it.each([
    ['none', [], 'replaceHostKeys: hostKeys: a server needs at least one'],
    ['no list', first as unknown as readonly HostKey[], 'replaceHostKeys: hostKeys: expected an array'],
    ['one twice', [second, second], 'replaceHostKeys: hostKeys: [0] and [1] are the same key'],
    ['none of use', [ecdsa], 'replaceHostKeys: hostKeys: none of type ecdsa-sha2-nistp256 can sign with ssh-ed25519'],
  ])('keeps the old ones if the new ones are %s', async (_, hostKeys, message) => {
    const { server } = await start([signIn], { hostKeys: [first] });

    expect(() => {
      server.replaceHostKeys(hostKeys);
    }).toThrow(message);
    expect((await login(server)).hostKeys).toEqual(blobsOf(first));
  });

  it('cannot be one that was shut down', async () => {
    const { server } = await start([signIn], { hostKeys: [first] });
    await server.shutdown();

    expect(() => {
      server.replaceHostKeys([second]);
    }).toThrow('replaceHostKeys: this server was shut down');
  });
});

describe('a host key whose signer takes time', () => {
  /** A key whose signatures the test lets go one by one. */
  function slowKey(local: HostKey = first) {
    const waiting: { readonly release: () => void; readonly signal: AbortSignal }[] = [];
    const key = hostKeyFromSigner({
      publicKey: local.publicBlob,
      sign: async (data, algorithm, signal) => {
        const gate = deferred<undefined>();
        waiting.push({
          signal,
          release: () => {
            gate.resolve(undefined);
          },
        });
        await gate.promise;
        return local.sign(data, algorithm);
      },
    });
    return { key, waiting };
  }

  const KEX = ['mlkem768x25519-sha256', 'curve25519-sha256', 'ecdh-sha2-nistp256', 'diffie-hellman-group14-sha256'];

  it.each(KEX)('serves %s, while other connections go on', async (keyExchange) => {
    const { key, waiting } = slowKey();
    const { server } = await start([signIn], { hostKeys: [key], algorithms: 'compatible' });
    // Whoever serves curve25519-sha256 as well has the hybrid.
    const slow = await connect(server, { keyExchange: [keyExchange] });
    await until(() => waiting.length === 1);
    const quick = await connect(server);
    await until(() => waiting.length === 2);
    waiting[1]?.release();
    await quick.login();
    expect(slow.exchanges).toBe(0);

    waiting[0]?.release();
    await slow.login();
    expect(slow.hostKeys).toEqual(blobsOf(first));
  });

  it.each([
    ['ecdsa-sha2-nistp256', ecdsa],
    ['rsa-sha2-256', rsa],
    ['rsa-sha2-512', rsa],
  ] as const)('signs %s', async (algorithm, local) => {
    const { key, waiting } = slowKey(local);
    const { server } = await start([signIn], { hostKeys: [key], algorithms: 'compatible' });
    const client = await connect(server, { hostKeyAlgorithms: [algorithm] });
    await until(() => waiting.length === 1);
    waiting[0]?.release();
    await client.login();

    expect(client.hostKeys).toEqual(blobsOf(local));
  });

  it('signs key re-exchanges of either side, while the client goes on', async () => {
    const { key, waiting } = slowKey();
    const { server } = await start([signIn], { hostKeys: [key] });
    const client = await connect(server);
    await until(() => waiting.length === 1);
    waiting[0]?.release();
    await client.login();
    for (let exchange = 2; exchange < 8; exchange += 1) {
      if (exchange % 2 === 0) client.rekey();
      else for (const connection of server.connections) connection.exchangeKeys();
      await until(() => waiting.length === exchange);
      // Was under way before the client had the KEXINIT; the answers wait for the new keys.
      client.send(send.ignore(), send.globalRequest('sync@test', true));
      await settle();
      waiting[exchange - 1]?.release();
      await client.exchanged(exchange);
      expect((await client.take(82))[0]).toBe(82);
    }
    expect(client.isClosed).toBe(false);
  });

  it('has its signer told when the client has gone', async () => {
    const { key, waiting } = slowKey();
    const { server } = await start([signIn], { hostKeys: [key] });
    const client = await connect(server);
    await until(() => waiting.length === 1);
    expect(waiting[0]?.signal.aborted).toBe(false);
    client.destroy();
    await until(() => waiting[0]?.signal.aborted === true);
    waiting[0]?.release();
    await settle();

    expect(server.connections).toEqual([]);
  });

  const failing: readonly (readonly [string, () => Uint8Array | Promise<Uint8Array>, string])[] = [
    ['fails', () => Promise.reject(new Error('token gone')), 'token gone'],
    [
      'throws',
      () => {
        throw new Error('authentication tag mismatch');
      },
      'authentication tag mismatch',
    ],
    ['signs wrongly', () => Buffer.alloc(64), 'the signature does not fit the public key'],
  ];

  it.each(failing)('ends the connection if its signer %s', async (_, sign, fault) => {
    const key = hostKeyFromSigner({ publicKey: first.publicBlob, sign });
    const { server, events } = await start([signIn], { hostKeys: [key] });
    const client = await connect(server);
    await client.closed;
    await settle();

    expect(client.goodbye).toEqual({ reason: 3, description: 'the key exchange failed' });
    expect(errorsOf(events)).toEqual([`the host key did not sign: ${fault} (KEY_EXCHANGE_FAILED)`]);
    expect(client.exchanges).toBe(0);
  });

  it('ends a connection with live sessions alike', async () => {
    let fails = false;
    const key = hostKeyFromSigner({
      publicKey: first.publicBlob,
      sign: (data, algorithm) => (fails ? Promise.reject(new Error('the tag was auth')) : first.sign(data, algorithm)),
    });
    const { server, events } = await start([signIn], { hostKeys: [key] });
    const client = await login(server);
    fails = true;
    client.rekey();
    await client.closed;

    expect(errorsOf(events)).toEqual(['the host key did not sign: the tag was auth (KEY_EXCHANGE_FAILED)']);
  });

  it('ends the connection if its signer keeps silent, after the time of a key exchange', async () => {
    const clock = fakeClock();
    const { key, waiting } = slowKey();
    const { server, events } = await start([signIn], { hostKeys: [key], clock, keyExchangeTimeoutMs: 5000 });
    const client = await connect(server);
    await until(() => waiting.length === 1);
    clock.advance(4999);
    await settle();
    expect(client.isClosed).toBe(false);
    clock.advance(1);
    await client.closed;

    expect(errorsOf(events)).toEqual(['the host key did not sign: its signer took too long (KEY_EXCHANGE_FAILED)']);
    expect(waiting[0]?.signal.aborted).toBe(true);
    waiting[0]?.release();
    await settle();
    expect(errorsOf(events)).toHaveLength(1);
  });

  it.each([
    ['another public value', wireBytes(30, [32], Buffer.alloc(32, 9))],
    ['new keys before there are any', wireBytes(21)],
  ])('ends the connection of a client that sends %s meanwhile', async (_, payload) => {
    const { key, waiting } = slowKey();
    const { server, events } = await start([signIn], { hostKeys: [key] });
    const client = await connect(server);
    await until(() => waiting.length === 1);
    client.send(payload);
    await client.closed;

    expect(client.goodbye?.reason).toBe(3);
    expect(errorsOf(events)[0]).toContain('a key exchange message before the reply to the last one');
    waiting[0]?.release();
    await settle();
    expect(client.exchanges).toBe(0);
  });

  /** Turns of the event loop pass until that holds; the test's own deadline is the end of patience. */
  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise((resolve) => setImmediate(resolve));
  }
});
