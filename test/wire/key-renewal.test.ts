import { createHash, randomBytes } from 'node:crypto';

import { expect, it } from 'vitest';

import { exec, type Service } from '../../src/index.js';
import type { WireClient } from '../support/wire-client.js';
import { wireBytes } from '../support/wire-bytes.js';
import * as send from '../support/wire-client-payloads.js';
import { follow } from '../support/wire-client-session.js';
import { passwordSecret, TestServer } from './test-server.js';

const echo: Service = async function* (session) {
  for await (const chunk of session.stdin) yield chunk as Buffer;
};

async function openEcho(options: Parameters<TestServer['login']>[0] = {}) {
  const server = await TestServer.start({ handlers: [passwordSecret, exec('cat', echo)] });
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
