import { describe, expect, it } from 'vitest';

import { exec, type Service } from '../../src/index.js';
import type { WireClient } from '../support/wire-client.js';
import * as send from '../support/wire-client-payloads.js';
import { gatedPair, type GatedPair } from './gated-pair.js';
import { passwordSecret, TestServer } from './test-server.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** Lets everything that can go on without time passing go on. */
const settle = async (turns = 50): Promise<void> => {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

interface Site extends GatedPair {
  readonly server: TestServer;
  readonly client: WireClient;
  /** Bytes that all services have produced so far. */
  readonly produced: () => number;
}

async function signIn(farHighWaterMark?: number): Promise<Site> {
  let bytes = 0;
  const endless: Service = async function* () {
    for (;;) {
      bytes += 32 * 1024;
      yield Buffer.alloc(32 * 1024);
    }
  };
  const finite: Service = async function* (session) {
    for (let left = Number(session.arguments); left > 0; left -= 32 * 1024) {
      bytes += 32 * 1024;
      yield Buffer.alloc(32 * 1024);
    }
  };
  const server = await TestServer.start({
    handlers: [passwordSecret, exec('endless', endless), exec('finite *', finite)],
  });
  const pair = gatedPair(farHighWaterMark === undefined ? {} : { farHighWaterMark });
  const client = await server.loginOver(pair);
  return { server, client, produced: () => bytes, ...pair };
}

describe('a client that opens its window and never reads', () => {
  it('costs some MiB, not its window', async () => {
    const { client, far, stopReading, produced, server } = await signIn();
    const remote = await client.open({ window: GIB });
    stopReading();

    client.send(send.exec(remote, 'endless'));
    await settle(500);

    expect(produced()).toBeGreaterThan(0);
    expect(produced()).toBeLessThan(4 * MIB);
    expect(far.writableLength).toBeLessThan(2 * MIB);
    const before = produced();
    await settle(100);
    expect(produced()).toBe(before);
    await server.servesTheNext();
  });

  it('costs no more on 64 channels than each of them may hold back', async () => {
    const { client, far, stopReading, produced } = await signIn();
    const remotes: number[] = [];
    for (let sender = 0; sender < 64; sender += 1) remotes.push(await client.open({ sender, window: GIB }));
    stopReading();

    client.send(...remotes.map((remote) => send.exec(remote, 'endless')));
    await settle(500);

    expect(far.writableLength).toBeLessThan(2 * MIB);
    expect(produced()).toBeLessThan(64 * 512 * 1024);
  });

  it('gets everything once it reads again', async () => {
    const { client, stopReading, readAgain } = await signIn();
    const remote = await client.open({ window: GIB });
    stopReading();
    client.send(send.exec(remote, `finite ${String(8 * MIB)}`));
    await settle(100);

    let received = 0;
    client.onPayload = (payload) => {
      if (payload[0] !== 94) return false;
      received += payload.readUInt32BE(5);
      return true;
    };
    readAgain();
    await client.take(97);

    expect(received).toBe(8 * MIB);
  });

  it('and goes away without a word leaves nothing behind', async () => {
    const { client, far, stopReading, server } = await signIn();
    const remote = await client.open({ window: GIB });
    stopReading();
    client.send(send.exec(remote, 'endless'));
    await settle(100);

    client.destroy();
    await server.event('Disconnected');
    await settle();

    expect(server.ssh.connections).toEqual([]);
    expect(far.destroyed).toBe(true);
    expect(server.clock.pending).toBe(0);
    expect(server.errors).toEqual([]);
  });

  it('is cut off when the server shuts down, after the time to say goodbye', async () => {
    const { client, far, stopReading, server } = await signIn();
    const remote = await client.open({ window: GIB });
    stopReading();
    client.send(send.exec(remote, 'endless'));
    await settle(100);

    const stopped = server.ssh.shutdown();
    await settle();
    expect(far.destroyed).toBe(false);
    server.clock.advance(1000);
    await stopped;

    expect(far.destroyed).toBe(true);
  });
});

describe('a client that asks and never reads the answers', () => {
  const asks = 100_000;

  it('is not read any more', async () => {
    const { client, far, stopReading, readAgain, server } = await signIn();
    stopReading();

    let answers = 0;
    client.onPayload = (payload) => {
      if (payload[0] === 82) answers += 1;
      return true;
    };
    const request = send.globalRequest('more@test', true);
    for (let sent = 0; sent < asks; sent += 1000) {
      client.send(...Array.from({ length: 1000 }, () => request));
      await settle(1);
    }
    await settle();

    expect(far.writableLength).toBeGreaterThan(MIB);
    expect(far.writableLength).toBeLessThan(3 * MIB);
    expect(far.isPaused()).toBe(true);
    const asked = server.of('SSHGlobalRequest').length;
    expect(asked).toBeLessThan(asks);

    readAgain();
    while (answers < asks) await settle(10);
    expect(server.of('SSHGlobalRequest')).toHaveLength(asks);
  });

  it('in a key exchange that it does not finish is cut off', async () => {
    const { client, far, server } = await signIn();
    const [connection] = server.ssh.connections;
    client.stream.pause();
    connection?.exchangeKeys();
    server.clock.advance(0);

    const request = send.globalRequest('more@test', true);
    client.send(...Array.from({ length: 1024 }, () => request));
    await settle();
    expect(server.ssh.connections).toHaveLength(1);
    client.send(request);
    await settle();

    expect(server.ssh.connections).toEqual([]);
    expect(server.of('Disconnected')).toMatchObject([{ by: 'server', reason: 'KEY_EXCHANGE_FAILED' }]);
    server.clock.advance(1000);
    expect(far.destroyed).toBe(true);
  });
});

describe('a stream with a high-water mark of its own', () => {
  it.each([1, 16 * 1024, 300 * 1024, MIB, 8 * MIB])('of %i bytes loses and stalls nothing', async (highWaterMark) => {
    const { client } = await signIn(highWaterMark);
    const remote = await client.open({ window: GIB });
    let received = 0;
    client.onPayload = (payload) => {
      if (payload[0] !== 94) return false;
      received += payload.readUInt32BE(5);
      return true;
    };

    client.send(send.exec(remote, `finite ${String(4 * MIB)}`));
    await client.take(97);

    expect(received).toBe(4 * MIB);
  });
});
