import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { constants, createDeflate } from 'node:zlib';

import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import { exec, type Service } from '../../src/index.js';
import { Deflater } from '../../src/transport/compression/deflater.js';
import { Inflater, MAX_INFLATED } from '../../src/transport/compression/inflater.js';
import { digest } from '../support/digest.js';
import type { WireClient, WireClientOptions } from '../support/wire-client.js';
import * as send from '../support/wire-client-payloads.js';
import { follow } from '../support/wire-client-session.js';
import { passwordSecret, TestServer, type TestServerOptions } from './test-server.js';

const ZLIB = 'zlib@openssh.com';
const KIB = 1024;
const MIB = 1024 * KIB;

const echo: Service = async function* (session) {
  for await (const chunk of session.stdin) yield chunk as Buffer;
};

const endless: Service = async function* () {
  for (;;) yield text(32 * KIB);
};

/** Data that compresses, though not to nothing, and is nowhere the same. */
function text(length: number): Buffer {
  const words = randomBytes(Math.ceil(length / 4)).toString('hex');
  return Buffer.from(words.slice(0, length));
}

/** The clients of a test server come over TCP. */
const socketOf = ({ stream }: WireClient): Socket => stream as unknown as Socket;

const settle = async (turns = 20): Promise<void> => {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

function start(options: TestServerOptions = {}): Promise<TestServer> {
  const handlers = [passwordSecret, exec('cat', echo), exec('endless', endless)];
  return TestServer.start({ handlers, algorithms: { compression: ['none', ZLIB] }, ...options });
}

const compressing: WireClientOptions = { compression: [ZLIB] };

async function run(client: WireClient, command: string, window?: number): Promise<number> {
  const remote = await client.open(window === undefined ? {} : { window });
  client.send(send.exec(remote, command));
  await client.take(99);
  return remote;
}

async function sendAll(
  client: WireClient,
  remote: number,
  data: Buffer,
  between: (block: number) => Promise<unknown> | undefined = () => undefined,
): Promise<void> {
  for (let at = 0, block = 0; at < data.length; at += 32 * KIB, block += 1) {
    await between(block);
    client.send(send.channelData(remote, data.subarray(at, at + 32 * KIB)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  client.send(send.channelEof(remote));
}

/** Bytes as one stream of zlib, each piece to be sent as one packet. */
async function compressed(...pieces: readonly Buffer[]): Promise<readonly Buffer[]> {
  const stream = createDeflate();
  const packets: Buffer[] = [];
  for (const piece of pieces) {
    const chunks: Buffer[] = [];
    const keep = (chunk: Buffer): void => {
      chunks.push(chunk);
    };
    stream.on('data', keep);
    stream.write(piece);
    await new Promise<void>((resolve) => {
      stream.flush(constants.Z_PARTIAL_FLUSH, resolve);
    });
    stream.off('data', keep);
    packets.push(Buffer.concat(chunks));
  }
  stream.destroy();
  return packets;
}

describe('zlib@openssh.com', () => {
  it('is not offered unless it is asked for', async () => {
    const server = await TestServer.start();
    const client = await server.connect(compressing);
    await client.closed;

    expect(server.of('Disconnected')).toMatchObject([{ by: 'server', reason: 'KEY_EXCHANGE_FAILED' }]);
  });

  it('compresses nothing before the user has signed in, and everything afterwards', async () => {
    const server = await start();
    const client = await server.connect(compressing);
    await client.exchanged();
    const deflate = vi.spyOn(Deflater.prototype, 'deflate');
    const inflate = vi.spyOn(Inflater.prototype, 'inflate');
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    client.send(send.serviceRequest(), send.authPassword('wrong'));
    await client.take(51);
    client.send(send.authPassword('secret'));
    await client.take(52);

    // What tells the host keys is the first packet behind USERAUTH_SUCCESS.
    expect(deflate.mock.calls.map(([payload]) => payload[0])).toEqual([80]);
    expect(inflate).not.toHaveBeenCalled();
    await client.sync();
    expect(inflate.mock.results.map(({ value }) => (value as Buffer)[0])).toEqual([80]);
    expect(deflate.mock.calls.map(([payload]) => payload[0])).toEqual([80, 82]);
  });

  it('is told with the algorithms of the connection', async () => {
    const server = await start();
    await server.login(compressing);
    await server.login();

    const [first, second] = server.ssh.connections;
    expect(first?.algorithms).toMatchObject({ compressionIn: ZLIB, compressionOut: ZLIB });
    expect(second?.algorithms).not.toHaveProperty('compressionIn');
    expect(second?.algorithms).not.toHaveProperty('compressionOut');
  });

  it('makes what is sent smaller, both ways, and loses nothing', async () => {
    const server = await start();
    const client = await server.login(compressing);
    const data = text(4 * MIB);
    const remote = await run(client, 'cat');

    const log = follow(client, { remote });
    await sendAll(client, remote, data);
    const { stdout } = await log;
    await client.sync();

    expect(digest(stdout)).toBe(digest(data));
    // Hexadecimal digits have four bits of eight.
    const { bytesRead, bytesWritten } = socketOf(client);
    expect(bytesRead).toBeLessThan(0.65 * data.length);
    expect(bytesWritten).toBeLessThan(0.65 * data.length);
    expect(server.errors).toEqual([]);
  });

  it('sends what cannot be compressed with little more', async () => {
    const server = await start();
    const client = await server.login(compressing);
    const data = randomBytes(2 * MIB);
    const remote = await run(client, 'cat');

    const log = follow(client, { remote });
    await sendAll(client, remote, data);

    expect(digest((await log).stdout)).toBe(digest(data));
    expect(socketOf(client).bytesRead).toBeLessThan(1.01 * data.length);
  });

  it('is not used by a client that would rather have none', async () => {
    const server = await start({ algorithms: { compression: [ZLIB, 'none'] } });
    const client = await server.login({ compression: ['none', ZLIB] });
    await client.sync();

    expect(server.ssh.connections[0]?.algorithms).not.toHaveProperty('compressionOut');
  });

  it.each([
    ['in', { compressionIn: [ZLIB], compressionOut: ['none'] }],
    ['out', { compressionIn: ['none'], compressionOut: [ZLIB] }],
  ] as const)('can be had in one direction alone (%s)', async (direction, { compressionIn, compressionOut }) => {
    const server = await start({ rekey: { bytes: 128 * KIB } });
    const client = await server.login({ compression: compressionOut, compressionUp: compressionIn });
    const data = text(MIB);
    const remote = await run(client, 'cat');

    const log = follow(client, { remote });
    await sendAll(client, remote, data);

    expect(digest((await log).stdout)).toBe(digest(data));
    const algorithms = server.ssh.connections[0]?.algorithms;
    expect(algorithms?.compressionIn).toBe(direction === 'in' ? ZLIB : undefined);
    expect(algorithms?.compressionOut).toBe(direction === 'out' ? ZLIB : undefined);
  });

  it.each(['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com', 'aes256-ctr'])(
    'begins anew with each key exchange, whoever asks for it, under %s',
    async (cipher) => {
      const server = await start({ rekey: { bytes: 256 * KIB } });
      const client = await server.login({ ...compressing, ciphers: [cipher] });
      const data = text(4 * MIB);
      const remote = await run(client, 'cat');

      const log = follow(client, { remote });
      await sendAll(client, remote, data, async (block) => {
        if (block % 20 !== 5) return;
        client.rekey();
        await client.exchanged(client.exchanges + 1);
      });

      expect(digest((await log).stdout)).toBe(digest(data));
      expect(client.exchanges).toBeGreaterThan(5);
      expect(server.errors).toEqual([]);
    },
  );

  it('may end with a key exchange, and begin with a later one', async () => {
    const server = await start();
    const client = await server.login();
    for (const [count, compression] of [[ZLIB], ['none'], [ZLIB], ['none']].entries()) {
      client.offerNext({ compression });
      client.rekey();
      await client.exchanged(count + 2);
      for (let repeat = 0; repeat < 3; repeat += 1) await client.sync();

      const algorithms = server.ssh.connections[0]?.algorithms;
      expect(algorithms?.compressionIn).toBe(compression[0] === ZLIB ? ZLIB : undefined);
      expect(algorithms?.compressionOut).toBe(compression[0] === ZLIB ? ZLIB : undefined);
    }
    expect(server.errors).toEqual([]);
  });

  it('begins behind a success that had to wait for a key exchange', async () => {
    const server = await start();
    const client = await server.connect(compressing);
    await client.exchanged();
    client.send(send.serviceRequest());
    await client.take(6);

    client.rekey();
    client.send(send.authPassword('secret'));
    await client.take(52);
    await client.exchanged(2);
    await client.sync();

    expect(server.errors).toEqual([]);
  });

  it('takes data and IGNORE between the packets of a key exchange', async () => {
    const server = await start();
    const client = await server.login(compressing);
    const remote = await run(client, 'cat');
    client.behindKexdhInit = [send.ignore(), send.channelData(remote, 'behind KEXDH_INIT, ')];

    client.rekey();
    client.send(send.ignore(), send.channelData(remote, 'behind KEXINIT, '));
    await client.exchanged(2);
    client.send(send.channelData(remote, 'under new keys'), send.channelEof(remote));

    expect((await follow(client, { remote })).stdout.toString()).toBe(
      'behind KEXINIT, behind KEXDH_INIT, under new keys',
    );
  });
});

describe('what a client compresses', () => {
  let server: TestServer;
  let client: WireClient;

  beforeEach(async () => {
    server = await start();
    client = await server.login(compressing);
  });

  const expectRefusal = async (description: string): Promise<void> => {
    await client.closed;
    expect(client.goodbye).toEqual({ reason: 6, description });
    expect(server.of('Disconnected')).toMatchObject([{ by: 'server', reason: 'COMPRESSION_ERROR', description }]);
    expect(server.errors).toMatchObject([{ error: { code: 'ERR_SSH_PROTOCOL' } }]);
    await server.servesTheNext();
  };

  it('may be as large as a packet without compression, and no larger', async () => {
    const header = send.ignore('').length;
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = await compressed(
      send.ignore('x'.repeat(MAX_INFLATED - header)),
      send.ignore('x'.repeat(MAX_INFLATED + 1 - header)),
    );

    client.sendRaw(first);
    await settle();
    expect(client.isClosed).toBe(false);
    client.sendRaw(second);
    await expectRefusal('a packet of more than 35000 bytes, compressed');
  });

  it('costs no memory when a packet of 30 KiB stands for 30 MiB', async () => {
    const [bomb = Buffer.alloc(0)] = await compressed(Buffer.alloc(30 * MIB));
    expect(bomb.length).toBeLessThan(32 * KIB);
    const before = process.memoryUsage();

    client.sendRaw(bomb);
    await expectRefusal('a packet of more than 35000 bytes, compressed');

    const { external, arrayBuffers } = process.memoryUsage();
    expect(external + arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(4 * MIB);
  });

  it.each([
    ['is not compressed at all', send.globalRequest('sync@test', true)],
    ['has a wrong header', Buffer.from('0000000000', 'hex')],
    ['refers to what was never sent', Buffer.from('789c4a4c04220044', 'hex')],
  ])('ends the connection if it %s', async (_what, packet) => {
    client.sendRaw(packet);
    await expectRefusal('a compressed packet is corrupt');
  });

  it('ends the connection if it goes on behind its end', async () => {
    // Deflate's last block: an empty one, and its checksum.
    const packet = Buffer.concat([Buffer.from('789c030000000001', 'hex'), Buffer.from('more')]);
    client.sendRaw(packet);
    await expectRefusal('a packet goes on behind the end of the compressed stream');
  });

  it('ends the connection if there is nothing in it', async () => {
    client.sendRaw(Buffer.from('789c', 'hex'));
    await client.closed;
    expect(server.of('Disconnected')).toMatchObject([{ reason: 'PROTOCOL_ERROR' }]);
  });
});

describe('a connection that compresses', () => {
  /** What was compressed and decompressed in each turn of the event loop, as bytes compressed. */
  function watchTurns(): readonly number[] {
    const turns: number[] = [];
    const deflate = vi.spyOn(Deflater.prototype, 'deflate');
    const inflate = vi.spyOn(Inflater.prototype, 'inflate');
    let watching = true;
    const tick = (): void => {
      const deflated = deflate.mock.calls.map(([payload]) => payload.length);
      const inflated = inflate.mock.results.map(({ value }) => (value instanceof Buffer ? value.length / 8 : 0));
      turns.push([...deflated, ...inflated].reduce((sum, bytes) => sum + bytes, 0));
      deflate.mockClear();
      inflate.mockClear();
      if (watching) setImmediate(tick);
    };
    setImmediate(tick);
    onTestFinished(() => {
      watching = false;
      vi.restoreAllMocks();
    });
    return turns;
  }

  it.each([1, 5])(
    'sends little in one turn of the event loop, and others are answered meanwhile (%i)',
    async (count) => {
      const server = await start();
      const other = await server.login();
      const clients = await Promise.all(Array.from({ length: count }, () => server.login(compressing)));
      const turns = watchTurns();
      const size = 4 * MIB;
      let left = count;
      const arrivals = clients.map(async (client) => {
        const remote = await run(client, 'endless', size);
        for (let received = 0; received < size;) received += (await client.takeFor(0)).length - 9;
        left -= 1;
        return remote;
      });

      let answers = 0;
      while (left > 0) {
        await other.sync();
        answers += 1;
      }
      await Promise.all(arrivals);

      // In the first turn each may begin its first packet before it has to wait.
      expect(Math.max(...turns)).toBeLessThan(64 * KIB + count * 33 * KIB);
      expect(turns.filter((bytes) => bytes > 98 * KIB).length).toBeLessThanOrEqual(2);
      expect(answers).toBeGreaterThan(20);
      expect(server.errors).toEqual([]);
    },
  );

  it('frees its memory when it ends, and what the program goes on to write does no harm', async () => {
    const server = await start({ admission: { maxPerSource: 100 } });
    const codecs = [
      [vi.spyOn(Deflater.prototype, 'deflate'), vi.spyOn(Deflater.prototype, 'close')],
      [vi.spyOn(Inflater.prototype, 'inflate'), vi.spyOn(Inflater.prototype, 'close')],
    ] as const;
    onTestFinished(() => {
      vi.restoreAllMocks();
    });

    const clients = await Promise.all(Array.from({ length: 30 }, () => server.login(compressing)));
    await Promise.all(clients.map((client) => run(client, 'endless', 0x7fff_ffff)));
    for (const [index, client] of clients.entries()) {
      const socket = socketOf(client);
      if (index % 3 === 0) socket.resetAndDestroy();
      else if (index % 3 === 1) socket.destroy();
      else client.sendRaw(Buffer.from('corrupt'));
    }
    await server.socketsClosed();
    await settle();

    for (const [work, close] of codecs) {
      const used = new Set(work.mock.contexts);
      expect(used.size).toBe(30);
      expect(new Set(close.mock.contexts)).toEqual(used);
    }
    expect(server.ssh.connections).toEqual([]);
    await server.servesTheNext();
  });

  it('has packets that cost much and stand for one byte wait for their turns, one each', async () => {
    const server = await start();
    const count = 12;
    const others = await Promise.all(Array.from({ length: count }, () => server.login(compressing)));
    // As long as a packet of code tables may take; the real time goes on as well.
    let costs = 0;
    const realNow = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => realNow() + costs);
    const inflate = vi.spyOn(Inflater.prototype, 'inflate').mockImplementation(() => {
      costs += 7;
      return Buffer.of(2);
    });
    onTestFinished(() => {
      vi.restoreAllMocks();
    });

    for (const client of others) for (let copy = 0; copy < 3; copy += 1) client.sendRaw(Buffer.of(2));
    const turns: number[] = [];
    for (let left = 3 * count; left > 0; left -= turns.at(-1) ?? 0) {
      await settle(1);
      turns.push(inflate.mock.calls.length);
      inflate.mockClear();
    }

    // A turn of the test's may lie across two of the server's.
    expect(Math.max(...turns)).toBeLessThanOrEqual(2);
    expect(server.ssh.connections).toHaveLength(count);
  });

  it('has a hundred packets that inflate to 35,000 bytes each wait for their turns', async () => {
    const server = await start();
    const client = await server.login(compressing);
    const packets = await compressed(
      ...Array.from({ length: 300 }, () => send.ignore('x'.repeat(34_000))),
      send.globalRequest('sync@test', true),
    );
    const turns = watchTurns();

    client.stream.cork();
    for (const packet of packets) client.sendRaw(packet);
    client.stream.uncork();
    await client.take(82);

    expect(Math.max(...turns)).toBeLessThan(64 * KIB + MAX_INFLATED);
    expect(turns.filter((bytes) => bytes > 0).length).toBeGreaterThan(15);
    expect(server.errors).toEqual([]);
  });
});
