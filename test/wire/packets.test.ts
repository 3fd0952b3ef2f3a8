import { describe, expect, it } from 'vitest';

import { ALGORITHM_PRESETS } from '../../src/index.js';
import { connectSocket } from '../support/wire-client.js';
import { plainPacket, kexInit } from '../support/wire-client-packets.js';
import * as send from '../support/wire-client-payloads.js';
import { wireBytes } from '../support/wire-bytes.js';
import { TestServer } from './test-server.js';

/** Flips a bit in the last byte of what the client writes next. */
function corruptNextPacket(stream: NodeJS.WritableStream): void {
  const write = stream.write.bind(stream);
  stream.write = (data: Uint8Array | string) => {
    stream.write = write;
    const bytes = Buffer.from(data);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    return write(bytes);
  };
}

const { ciphers, macs } = ALGORITHM_PRESETS.compatible;

describe('ping@openssh.com', () => {
  it('is answered with what it carried, in the order of the questions', async () => {
    const server = await TestServer.start();
    const client = await server.login();
    const long = 'x'.repeat(30_000);
    client.send(wireBytes(192, 'one'), wireBytes(192, ''), wireBytes(192, long));
    await client.sync();

    expect(client.payloads.filter((payload) => payload[0] === 193)).toEqual([
      wireBytes(193, 'one'),
      wireBytes(193, ''),
      wireBytes(193, long),
    ]);
  });

  it('of a stranger is not answered, in no way', async () => {
    const server = await TestServer.start();
    const client = await server.connect();
    await client.exchanged();
    client.send(wireBytes(192, 'knock'));
    await client.login();
    await client.sync();

    expect(client.payloads.map((payload) => payload[0])).toEqual([6, 52, 82]);
  });

  it('that is malformed ends the connection', async () => {
    const server = await TestServer.start();
    const client = await server.login();
    client.send(wireBytes(192, [9]));
    await client.closed;

    expect(client.goodbye).toEqual({ reason: 2, description: 'malformed ping' });
  });
});

describe('message numbers that mean nothing', () => {
  it.each([6, 51, 52, 53, 60, 63, 79, 101, 127, 128, 193, 255])(
    '%i is answered with UNIMPLEMENTED and its sequence number',
    async (number) => {
      const server = await TestServer.start();
      const client = await server.login();
      await client.sync();
      client.send(send.ignore(), send.ignore());
      const sequenceNumber = client.nextSequenceNumber;

      client.send(Buffer.of(number, 1, 2, 3));

      expect(await client.take(3)).toEqual(wireBytes(3, [sequenceNumber]));
      await client.sync();
      expect(server.errors).toEqual([]);
    },
  );

  it('keep their sequence numbers apart when several come at once, and after new keys', async () => {
    const server = await TestServer.start();
    const client = await server.login();
    for (const exchanges of [2, 3]) {
      const first = client.nextSequenceNumber;
      client.send(Buffer.of(200), send.ignore(), Buffer.of(201), Buffer.of(202));
      for (const at of [first, first + 2, first + 3]) expect(await client.take(3)).toEqual(wireBytes(3, [at]));
      client.rekey();
      await client.exchanged(exchanges);
    }
    await client.sync();
  });

  it('are no way to sign in: a success that the client sends is refused', async () => {
    const server = await TestServer.start();
    const client = await server.connect();
    await client.exchanged();
    client.send(send.serviceRequest(), Buffer.of(52));
    await client.take(3);

    client.send(send.channelOpen());
    await client.closed;

    expect(server.of('SSHChannelOpenRequest')).toEqual([]);
    expect(client.payloads.map((payload) => payload[0])).toEqual([6, 3]);
  });
});

describe('IGNORE, DEBUG and UNIMPLEMENTED', () => {
  it.each([
    ['IGNORE', send.ignore()],
    ['an empty IGNORE', Buffer.of(2)],
    ['a large IGNORE', send.ignore('x'.repeat(32_000))],
    ['DEBUG', wireBytes(4, 1, 'look', '')],
    ['a malformed DEBUG', wireBytes(4, 1, [4_000_000_000])],
    ['UNIMPLEMENTED', wireBytes(3, [7])],
    ['a malformed UNIMPLEMENTED', Buffer.of(3)],
  ])('%s is harmless, before authentication and after', async (_what, payload) => {
    const server = await TestServer.start();
    const client = await server.connect();
    await client.exchanged();

    client.send(payload);
    await client.login();
    client.send(payload, payload);
    await client.sync();

    expect(client.payloads.map((it) => it[0])).toEqual([6, 52, 82]);
  });
});

describe('an impossible packet', () => {
  it.each([
    ['a length of 2^32-1', wireBytes([0xffff_ffff])],
    ['a length with the top bit', wireBytes([0x8000_0000])],
    ['a length of 35,001', wireBytes([35_001])],
    ['a length of 0', wireBytes([0])],
    ['a length that no block fits', wireBytes([13])],
    ['more padding than packet', wireBytes([12], 255, Buffer.alloc(11))],
  ])('before the keys, with %s, ends the connection at once', async (_what, packet) => {
    const server = await TestServer.start();
    const client = await server.plain();
    client.send();
    await client.payload(20);

    // What follows must not be gathered.
    client.write(Buffer.concat([packet, Buffer.alloc(1024 * 1024)]));
    await client.closed;

    expect(server.of('Disconnected')).toMatchObject([{ by: 'server', reason: 'KEY_EXCHANGE_FAILED' }]);
    expect(server.of('Disconnected')[0]?.bytesReceived).toBeLessThan(200_000);
    await server.servesTheNext();
  });

  it.each(ciphers)('under %s ends the connection at once', async (cipher) => {
    const server = await TestServer.start();
    const client = await server.login({ ciphers: [cipher] });

    client.stream.write(Buffer.alloc(70_000, 0xff));
    await client.closed;

    expect(server.errors.map(({ error }) => error.code)).toEqual(['ERR_SSH_PROTOCOL']);
    await server.servesTheNext();
  });

  it.each(ciphers.flatMap((cipher) => macs.map((mac) => [cipher, mac] as const)))(
    'that was changed on its way, under %s and %s, is noticed',
    async (cipher, mac) => {
      const server = await TestServer.start({ algorithms: 'compatible' });
      const client = await server.login({ ciphers: [cipher], macs: [mac] });

      corruptNextPacket(client.stream);
      client.send(send.globalRequest('changed@test', true));
      await client.closed;

      expect(server.of('SSHGlobalRequest')).toEqual([]);
      expect(client.goodbye).toMatchObject({ reason: 5 });
      expect(server.of('Disconnected')).toMatchObject([{ by: 'server', reason: 'MAC_ERROR' }]);
    },
  );

  it('without a message is a breach of protocol', async () => {
    const server = await TestServer.start();
    const client = await server.login();

    client.send(Buffer.alloc(0));
    await client.closed;

    expect(client.goodbye).toMatchObject({ reason: 2 });
  });

  it.each([21, 30, 31, 49])('of the key exchange (%i) without a key exchange is one too', async (number) => {
    const server = await TestServer.start();
    const client = await server.login();

    client.send(Buffer.of(number, 0, 0, 0, 0));
    await client.closed;

    expect(client.goodbye).toMatchObject({ reason: 2 });
  });

  it('is explained to the client in words of the protocol, not of the program', async () => {
    const server = await TestServer.start();
    const client = await server.login();

    client.stream.write(Buffer.alloc(70_000, 0xff));
    await client.closed;

    const told = client.goodbye?.description ?? '';
    expect(told).toMatch(/^[a-z ]+$/);
    expect(told).not.toMatch(/undefined|Error|\.js|length/);
  });
});

describe('the end of a connection', () => {
  it('by DISCONNECT of the client closes at once, and nothing behind it is heard', async () => {
    const server = await TestServer.start();
    const client = await server.login();

    client.send(send.disconnect(11, 'bye \u001b[31m'), send.globalRequest('late@test', true));
    await client.closed;

    expect(server.of('Disconnected')).toMatchObject([
      { by: 'peer', reason: 'BY_APPLICATION', description: 'bye \\u{1b}[31m' },
    ]);
    expect(server.of('SSHGlobalRequest')).toEqual([]);
    expect(server.errors).toEqual([]);
  });

  it.each([
    ['with a reason that nobody knows', send.disconnect(4711, 'bye')],
    ['cut short', Buffer.of(1, 0, 0)],
  ])('by DISCONNECT %s is orderly all the same', async (_how, payload) => {
    const server = await TestServer.start();
    const client = await server.login();

    client.send(payload);
    await client.closed;

    const [end] = server.of('Disconnected');
    expect(end).toMatchObject({ by: 'peer' });
    expect(end).not.toHaveProperty('reason');
    expect(server.errors).toEqual([]);
  });

  it('by DISCONNECT in the first key exchange is heard', async () => {
    const server = await TestServer.start();
    const client = await server.plain();

    client.send(kexInit(), send.disconnect(3, 'no'));
    await client.closed;

    expect(server.of('Disconnected')).toMatchObject([{ by: 'peer', reason: 'KEY_EXCHANGE_FAILED' }]);
    expect(server.errors).toEqual([]);
  });

  it('by the server gives reason and text, and closes even if the client does not', async () => {
    const server = await TestServer.start();
    const client = await server.login();
    client.stream.pause();

    server.ssh.connections[0]?.disconnect('maintenance');
    expect(server.of('Disconnected')).toMatchObject([{ by: 'server', reason: 'BY_APPLICATION' }]);
    expect(server.ssh.connections).toEqual([]);
    server.clock.advance(1000);
    await server.socketsClosed();

    client.stream.resume();
    await client.closed;
    expect(client.goodbye).toEqual({ reason: 11, description: 'maintenance' });
  });

  it('after a breach of protocol does not depend on a client that keeps its half open', async () => {
    const server = await TestServer.start();
    const socket = await connectSocket(server.port);
    socket.allowHalfOpen = true;
    socket.resume();
    socket.write('SSH-2.0-rude\r\n');
    socket.write(wireBytes([0xffff_ffff]));
    await server.event('Disconnected');

    server.clock.advance(999);
    expect(server.sockets[0]?.destroyed).toBe(false);
    server.clock.advance(1);
    await server.socketsClosed();

    socket.destroy();
  });

  it('is not held up by packets that still arrive', async () => {
    const server = await TestServer.start();
    const client = await server.plain();
    client.socket.allowHalfOpen = true;
    client.send(kexInit(), kexInit());
    await server.event('Disconnected');

    client.write(Buffer.concat(Array.from({ length: 20_000 }, () => plainPacket(send.ignore()))));
    server.clock.advance(1000);
    await server.socketsClosed();

    client.socket.destroy();
    expect(server.errors).toHaveLength(1);
  });
});
