import { createHash, randomBytes } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { exec, type Service } from '../../src/index.js';
import type { WireClient } from '../support/wire-client.js';
import { wireBytes } from '../support/wire-bytes.js';
import * as send from '../support/wire-client-payloads.js';
import { HYBRID } from '../support/wire-client-hybrid.js';
import { follow } from '../support/wire-client-session.js';
import { passwordSecret, TestServer } from './test-server.js';

const echo: Service = async function* (session) {
  for await (const chunk of session.stdin) yield chunk as Buffer;
};

async function openEcho(
  options: Parameters<TestServer['login']>[0] = {},
  serverOptions: Parameters<typeof TestServer.start>[0] = {},
) {
  const server = await TestServer.start({ handlers: [passwordSecret, exec('cat', echo)], ...serverOptions });
  const client = await server.login(options);
  const remote = await client.open();
  client.send(send.exec(remote, 'cat'));
  await client.take(99);
  return { server, client, remote };
}

const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/** Sends data in blocks, `between` run before each of them. */
async function sendAll(
  client: WireClient,
  remote: number,
  data: Buffer,
  between: (block: number) => Promise<void> | void,
) {
  for (let at = 0, block = 0; at < data.length; at += 16_384, block += 1) {
    await between(block);
    client.send(send.channelData(remote, data.subarray(at, at + 16_384)));
  }
  client.send(send.channelEof(remote));
}

// AsyncSSH does this at every re-exchange: strictness concerns the first one only.
it('IGNORE, DEBUG, data and requests may come between KEXINIT and NEWKEYS of a re-exchange', async () => {
  const { server, client, remote } = await openEcho();
  client.behindKexdhInit = [
    send.ignore(),
    send.channelData(remote, 'behind KEXDH_INIT, '),
    send.globalRequest('meanwhile@test', true),
    wireBytes(4, 0, 'debug', ''),
  ];

  client.rekey();
  client.send(send.ignore(), send.channelData(remote, 'behind KEXINIT, '), Buffer.of(200));
  await client.exchanged(2);
  await client.take(3);
  await client.take(82);
  client.send(send.channelData(remote, 'under new keys'), send.channelEof(remote));

  expect((await follow(client, { remote })).stdout.toString()).toBe(
    'behind KEXINIT, behind KEXDH_INIT, under new keys',
  );
  expect(server.errors).toEqual([]);
});

it.each(['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com', 'aes256-ctr'])(
  'under %s nothing is lost when the client renews the keys while data goes both ways',
  async (cipher) => {
    const { server, client, remote } = await openEcho({ ciphers: [cipher] });
    const data = randomBytes(2_000_000);

    const log = follow(client, { remote });
    await sendAll(client, remote, data, async (block) => {
      if (block % 10 !== 5) return;
      client.rekey();
      await client.exchanged(client.exchanges + 1);
    });

    expect(digest((await log).stdout)).toBe(digest(data));
    expect(client.exchanges).toBeGreaterThan(10);
    expect(server.errors).toEqual([]);
  },
);

it('nothing is lost when the server renews the keys while data goes both ways', async () => {
  const { server, client, remote } = await openEcho();
  const data = randomBytes(2_000_000);
  const [connection] = server.ssh.connections;

  const log = follow(client, { remote });
  await sendAll(client, remote, data, async (block) => {
    if (block % 10 !== 5) return;
    const { exchanges } = client;
    // The server, which ignores this while an exchange is under way, is done a little later than the client.
    await client.sync();
    connection?.exchangeKeys();
    server.clock.advance(0);
    await client.exchanged(exchanges + 1);
  });

  expect(digest((await log).stdout)).toBe(digest(data));
  expect(client.exchanges).toBeGreaterThan(10);
  expect(server.clock.pending).toBe(0);
});

it('both sides may start at once', async () => {
  const { server, client } = await openEcho();

  for (let count = 2; count < 8; count += 1) {
    server.ssh.connections[0]?.exchangeKeys();
    client.rekey();
    server.clock.advance(0);
    await client.exchanged(count);
    await client.sync();
  }

  expect(server.errors).toEqual([]);
  expect(server.clock.pending).toBe(0);
});

it('data of the server waits for the new keys, and only data', async () => {
  const { server, client, remote } = await openEcho();
  client.stream.pause();
  server.ssh.connections[0]?.exchangeKeys();
  server.clock.advance(0);

  client.send(send.channelData(remote, 'held'), send.globalRequest('held@test', true), send.channelEof(remote));
  await server.event('SSHGlobalRequest');
  client.stream.resume();

  await client.take(82);
  expect((await follow(client, { remote })).stdout.toString()).toBe('held');
  expect(client.exchanges).toBe(2);
});

describe('the server asks for new keys', () => {
  it.each([
    ['curve25519-sha256', 'aes128-gcm@openssh.com'],
    [HYBRID, 'aes128-gcm@openssh.com'],
    [HYBRID, 'chacha20-poly1305@openssh.com'],
    [HYBRID, 'aes256-ctr'],
  ])('by volume, under %s and %s, more than 25 times, and nothing is lost either way', async (keyExchange, cipher) => {
    const { server, client, remote } = await openEcho(
      { keyExchange: [keyExchange], ciphers: [cipher] },
      { rekey: { bytes: 64 * 1024 } },
    );
    const data = randomBytes(4_000_000);

    const log = follow(client, { remote });
    // A client may go on sending until it has seen the server's KEXINIT and answered it, which the engine does by itself.
    await sendAll(client, remote, data, () => new Promise((resolve) => setImmediate(resolve)));

    expect(digest((await log).stdout)).toBe(digest(data));
    expect(client.exchanges).toBeGreaterThan(25);
    expect(server.errors).toEqual([]);
    expect(server.ssh.connections[0]?.algorithms?.keyExchange).toBe(keyExchange);
  });

  it('by the volume of what the client sends alone', async () => {
    const { server, client } = await openEcho({}, { rekey: { bytes: 64 * 1024 } });

    for (let block = 0; block < 8; block += 1) client.send(send.ignore('x'.repeat(16 * 1024)));
    await client.exchanged(2);
    await client.sync();

    expect(server.errors).toEqual([]);
  });

  it('by packets of one direction', async () => {
    const { client } = await openEcho({}, { rekey: { packets: 100 } });

    for (let count = 0; count < 90; count += 1) client.send(send.ignore());
    await client.sync();
    expect(client.exchanges).toBe(1);
    for (let count = 0; count < 10; count += 1) client.send(send.ignore());
    await client.exchanged(2);
    await client.sync();
    // And begins to count anew.
    for (let count = 0; count < 90; count += 1) client.send(send.ignore());
    await client.sync();
    expect(client.exchanges).toBe(2);
  });

  it('by time, from the last key exchange on, once the client shows that it is there', async () => {
    const { server, client } = await openEcho();
    server.clock.advance(3_599_999);
    await client.sync();
    expect(client.exchanges).toBe(1);

    server.clock.advance(1);
    expect(server.clock.pending).toBe(0);
    client.send(send.ignore());
    await client.exchanged(2);
    await client.sync();
    // The client's own renews the time.
    server.clock.advance(3_000_000);
    client.rekey();
    await client.exchanged(3);
    await client.sync();
    server.clock.advance(3_599_999);
    await client.sync();
    expect(client.exchanges).toBe(3);
    server.clock.advance(1);
    await client.sync();
    await client.exchanged(4);
  });

  it('not before the first ones are there, and not again while it waits', async () => {
    const server = await TestServer.start({ rekey: { ms: 1000 }, keyExchangeTimeoutMs: 10_000, loginGraceMs: 90_000 });
    const plain = await server.plain();
    await server.event('Connected');
    server.clock.advance(5000);
    plain.send(send.ignore());
    await plain.payload(20);
    expect(plain.payloads).toHaveLength(1);
    plain.socket.destroy();

    const client = await server.login();
    client.stream.pause();
    server.clock.advance(1000);
    for (let count = 0; count < 5; count += 1) {
      const arrived = new Promise((resolve) => server.sockets[1]?.once('data', resolve));
      client.send(send.ignore());
      await arrived;
      server.clock.advance(1000);
    }
    client.stream.resume();
    await client.exchanged(2);
    await client.sync();
    expect(client.exchanges).toBe(2);
  });
});

describe('a client that asks for new keys', () => {
  const renew = async (client: WireClient): Promise<void> => {
    client.rekey();
    await client.exchanged(client.exchanges + 1);
    await client.sync();
  };

  it('may do so ten times at once and then each ten seconds; once more ends the connection', async () => {
    const { server, client } = await openEcho();
    for (let count = 0; count < 10; count += 1) await renew(client);
    for (let count = 0; count < 3; count += 1) {
      server.clock.advance(10_000);
      await renew(client);
    }
    server.clock.advance(5000);
    client.rekey();
    await client.closed;

    expect(client.goodbye).toEqual({
      reason: 2,
      description: 'too many key exchanges for so little time and traffic',
    });
    expect(server.of('Disconnected')).toMatchObject([{ by: 'server', reason: 'PROTOCOL_ERROR' }]);
    await server.servesTheNext();
  });

  it('may do so as often as it likes while it moves data', async () => {
    const { server, client, remote } = await openEcho();
    const data = randomBytes(8_000_000);

    const log = follow(client, { remote });
    await sendAll(client, remote, data, async (block) => {
      if (block % 20 === 19) await renew(client);
    });

    expect(digest((await log).stdout)).toBe(digest(data));
    expect(client.exchanges).toBeGreaterThan(20);
    expect(server.errors).toEqual([]);
  });

  it('pays nothing for those that the server asked for', async () => {
    const { server, client } = await openEcho();
    for (let count = 0; count < 30; count += 1) {
      const { exchanges } = client;
      server.ssh.connections[0]?.exchangeKeys();
      server.clock.advance(0);
      await client.exchanged(exchanges + 1);
      await client.sync();
    }

    expect(client.exchanges).toBe(31);
    for (let count = 0; count < 10; count += 1) await renew(client);
  });
});

describe('a key exchange that takes long', () => {
  it('is waited for while the client still sends what it had under way, and not for ever', async () => {
    const { server, client } = await openEcho();
    client.stream.pause();
    server.ssh.connections[0]?.exchangeKeys();
    server.clock.advance(0);

    for (let extension = 0; extension < 15; extension += 1) {
      const arrived = new Promise((resolve) => server.sockets[0]?.once('data', resolve));
      client.send(send.ignore());
      await arrived;
      server.clock.advance(20_000);
      expect(server.ssh.connections).toHaveLength(1);
    }
    client.send(send.ignore());
    await new Promise((resolve) => server.sockets[0]?.once('data', resolve));
    server.clock.advance(20_000);
    client.stream.resume();
    await client.closed;

    expect(client.goodbye).toEqual({ reason: 3, description: 'the key exchange took too long' });
  });
});
