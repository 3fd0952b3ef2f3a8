import { describe, expect, it } from 'vitest';

import { createServer, decide, decideEach, exec, generateHostKey, type Service } from '../../src/index.js';
import { deferred } from '../support/deferred.js';
import { connectSocket, WireClient } from '../support/wire-client.js';
import * as send from '../support/wire-client-payloads.js';
import { follow } from '../support/wire-client-session.js';
import { gatedPair } from './gated-pair.js';
import { passwordSecret, TestServer } from './test-server.js';

const stuck = <T>(): Promise<T> => new Promise(() => undefined);

describe('a server that is shut down at once', () => {
  it('lets go of whoever still waits to be let in', async () => {
    const server = await TestServer.start({
      handlers: [
        decide(
          'ConnectionRequest',
          decideEach('stuck', () => stuck()),
        ),
      ],
    });
    const socket = await server.socket();
    await server.event('ConnectionRequest');

    await server.ssh.shutdown();

    expect(server.ssh.connections).toEqual([]);
    expect(server.clock.pending).toBe(0);
    socket.resume();
    await server.socketsClosed();
  });

  it('lets go of whoever has not spoken yet, of idle clients and of busy ones', async () => {
    const server = await TestServer.start({ handlers: [passwordSecret, exec('wait', () => stuck<number>())] });
    const silent = await server.plain();
    const idle = await server.login();
    const busy = await server.login();
    const remote = await busy.open();
    busy.send(send.exec(remote, 'wait'));
    await busy.take(99);

    await server.ssh.shutdown();
    await Promise.all([silent.closed, idle.closed, busy.closed]);

    expect(idle.goodbye).toEqual({ reason: 11, description: 'the server is shutting down' });
    expect(busy.goodbye).toEqual(idle.goodbye);
    expect(server.of('Disconnected')).toHaveLength(3);
    expect(server.of('SSHChannelClosed')).toHaveLength(1);
  });

  it('completes its events, and can be shut down again', async () => {
    const server = await TestServer.start();
    const completed = deferred<string>();
    server.ssh.events.all.subscribe({
      complete: () => {
        completed.resolve('all');
      },
    });
    await server.login();

    await Promise.all([server.ssh.shutdown(), server.ssh.shutdown({ graceMs: 5 })]);

    expect(await completed.promise).toBe('all');
    await server.ssh[Symbol.asyncDispose]();
  });

  it('takes nobody any more', async () => {
    const server = await TestServer.start();
    await server.ssh.shutdown();

    await expect(server.ssh.listen({ port: 0, host: '127.0.0.1' })).rejects.toMatchObject({ code: 'ERR_SSH_STATE' });
    const { far } = gatedPair();
    await expect(server.ssh.serve(far)).rejects.toMatchObject({ code: 'ERR_SSH_STATE' });
    expect(server.ssh.connections).toEqual([]);
    expect(far.destroyed).toBe(true);
  });
});

describe('a server that is shut down in time', () => {
  const gate = deferred<string>();
  const waiting: Service = () => gate.promise;

  it('lets sessions finish, opens no new ones, and sends idle clients home', async () => {
    const server = await TestServer.start({ handlers: [passwordSecret, exec('wait', waiting)] });
    const idle = await server.login();
    const busy = await server.login();
    const remote = await busy.open();
    busy.send(send.exec(remote, 'wait'));
    await busy.take(99);

    const stopped = server.ssh.shutdown({ graceMs: 10_000 });
    await idle.closed;
    busy.send(send.channelOpen({ sender: 9 }));
    expect((await busy.take(92)).readUInt32BE(5)).toBe(4);
    expect(server.of('Decided').at(-1)).toMatchObject({ outcome: 'denied', reason: 'shutting-down' });
    server.clock.advance(9999);
    gate.resolve('done\n');
    expect((await follow(busy, { remote })).stdout.toString()).toBe('done\n');

    await stopped;
    await busy.closed;
    await server.socketsClosed();
    expect(busy.goodbye).toEqual({ reason: 11, description: 'the server is shutting down' });
    expect(server.clock.pending).toBe(0);
  });

  it('cuts off whoever does not finish', async () => {
    const server = await TestServer.start({ handlers: [passwordSecret, exec('wait', () => stuck<number>())] });
    const client = await server.login();
    const remote = await client.open();
    client.send(send.exec(remote, 'wait'));
    await client.take(99);

    const stopped = server.ssh.shutdown({ graceMs: 10_000 });
    server.clock.advance(9999);
    expect(server.ssh.connections).toHaveLength(1);
    server.clock.advance(1);
    await stopped;

    expect(server.ssh.connections).toEqual([]);
    await client.closed;
    expect(client.goodbye?.reason).toBe(11);
  });
});

describe('listening', () => {
  it('on a port that the system chooses, with the real clock', async () => {
    const { hostKey } = await generateHostKey();
    const server = await createServer({ hostKeys: [hostKey], handlers: [passwordSecret], onWarning: () => undefined });
    const address = await server.listen({ port: 0, host: '127.0.0.1' });
    if (typeof address === 'string') throw new Error(`not an address: ${address}`);

    const client = await (await WireClient.connect(address.port)).login();
    await client.sync();
    expect(server.connections[0]?.info).toMatchObject({ remoteAddress: '127.0.0.1', localPort: address.port });

    await server.shutdown();
    await client.closed;
    await expect(connectSocket(address.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('on a port that is taken says so, and how to go on', async () => {
    const { hostKey } = await generateHostKey();
    const taken = await TestServer.start();
    const server = await createServer({ hostKeys: [hostKey], handlers: [passwordSecret], onWarning: () => undefined });

    await expect(server.listen({ port: taken.port, host: '127.0.0.1' })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${String(taken.port)}: the port is in use. Stop the other program or choose another port`,
    );
    await server.shutdown();
  });
});
