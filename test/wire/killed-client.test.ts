import type { Socket } from 'node:net';

import { describe, expect, it } from 'vitest';

import { decide, decideEach, exec, grantPassword, type Service, type SSHChannelRequest } from '../../src/index.js';
import { drain } from '../support/drain.js';
import { kexInit } from '../support/wire-client-packets.js';
import * as send from '../support/wire-client-payloads.js';
import { listenersOf, passwordSecret, TestServer, type TestServerOptions } from './test-server.js';

/** A service that says when it has been given up by its channel. */
class Watched {
  started = 0;
  ended = 0;

  readonly endless: Service = async function* (this: Watched) {
    this.started += 1;
    try {
      for (;;) yield Buffer.alloc(32 * 1024);
    } finally {
      this.ended += 1;
    }
  }.bind(this);

  readonly reading: Service = async (session) => {
    this.started += 1;
    try {
      await drain(session.stdin);
    } finally {
      this.ended += 1;
    }
  };
}

type Kill = (socket: Socket) => void;

const ways: readonly (readonly [string, Kill])[] = [
  ['closes', (socket) => socket.destroy()],
  ['resets', (socket) => socket.resetAndDestroy()],
  ['closes its half', (socket) => socket.end()],
];

interface Phase {
  readonly options?: (watched: Watched) => TestServerOptions;
  /** Brings a client into the phase. @returns its end of the connection */
  readonly reach: (server: TestServer) => Promise<Socket>;
  readonly channels?: number;
}

const stuck = <T>(): Promise<T> => new Promise(() => undefined);

/** The clients of a test server come over TCP. */
const asSocket = (stream: object): Socket => stream as Socket;

const program =
  (command: string): Phase['reach'] =>
  async (server) => {
    const client = await server.login();
    const remote = await client.open({ window: 0xffff_ffff });
    client.send(send.exec(remote, command));
    await client.take(99);
    return asSocket(client.stream);
  };

const programs = (watched: Watched): TestServerOptions => ({
  handlers: [passwordSecret, exec('endless', watched.endless), exec('reading', watched.reading)],
});

const phases: Readonly<Record<string, Phase>> = {
  'after connecting': {
    reach: async (server) => {
      const socket = await server.socket();
      await server.event('Connected');
      return socket;
    },
  },
  'while it waits to be let in': {
    options: () => ({
      handlers: [
        decide(
          'ConnectionRequest',
          decideEach('stuck', () => stuck()),
        ),
      ],
    }),
    reach: async (server) => {
      const socket = await server.socket();
      await server.event('ConnectionRequest');
      return socket;
    },
  },
  'in the middle of its identification': {
    reach: async (server) => {
      const socket = await server.socket();
      await server.event('Connected');
      socket.write('SSH-2.0-ha');
      return socket;
    },
  },
  'in the middle of the key exchange': {
    reach: async (server) => {
      const client = await server.plain();
      client.send(kexInit());
      await client.payload(20);
      return client.socket;
    },
  },
  'after the key exchange': {
    reach: async (server) => {
      const client = await server.connect();
      await client.exchanged();
      return asSocket(client.stream);
    },
  },
  'while its login is being decided': {
    options: () => ({
      handlers: [
        decide(
          'SSHUserAuthRequest',
          grantPassword(() => stuck<boolean>()),
        ),
      ],
    }),
    reach: async (server) => {
      const client = await server.connect();
      await client.exchanged();
      client.send(send.serviceRequest(), send.authPassword('secret'), send.authPassword('secret'));
      await server.event('SSHUserAuthRequest');
      return asSocket(client.stream);
    },
  },
  'while its command is being decided': {
    options: (watched) => ({
      handlers: [
        ...(programs(watched).handlers ?? []),
        decide(
          'SSHChannelRequest',
          decideEach<SSHChannelRequest>('stuck', () => stuck()),
        ),
      ],
    }),
    reach: async (server) => {
      const client = await server.login();
      const remote = await client.open();
      client.send(send.exec(remote, 'reading'), send.channelData(remote, 'x'), send.exec(remote, 'reading'));
      await server.event('SSHChannelRequest');
      return asSocket(client.stream);
    },
    channels: 1,
  },
  'while its command runs': { options: programs, reach: program('reading'), channels: 1 },
  'while the server writes': { options: programs, reach: program('endless'), channels: 1 },
  'while it does not read what the server writes': {
    options: programs,
    reach: async (server) => {
      const socket = await program('endless')(server);
      socket.pause();
      return socket;
    },
    channels: 1,
  },
  'in the middle of a key re-exchange': {
    options: programs,
    reach: async (server) => {
      const socket = await program('reading')(server);
      socket.pause();
      server.ssh.connections[0]?.exchangeKeys();
      server.clock.advance(0);
      return socket;
    },
    channels: 1,
  },
};

describe.each(ways)('a client that %s', (way, kill) => {
  it.each(Object.entries(phases))('%s leaves nothing behind', async (phase, { options, reach, channels = 0 }) => {
    const watched = new Watched();
    const server = await TestServer.start(options?.(watched));
    const socket = await reach(server);

    kill(socket);
    // Whoever is not read from yet cannot be seen to go: the time to decide ends that.
    if (phase === 'while it waits to be let in') server.clock.advance(60_000);
    // Half a connection is of no use, but the server learns of it only when it reads.
    socket.resume();
    await server.socketsClosed();
    await new Promise((resolve) => setImmediate(resolve));

    expect(server.ssh.connections).toEqual([]);
    expect(server.clock.pending).toBe(0);
    const [served] = server.sockets;
    expect(served && listenersOf(served)).toEqual(server.listenersBefore);
    expect(server.of('SSHChannelClosed')).toHaveLength(channels);
    expect(watched.ended).toBe(watched.started);
    expect(server.of('Disconnected')).toHaveLength(server.of('Connected').length);
    if (server.of('Connected').length > 0) {
      expect(server.events.at(-1)?.type).toBe('Disconnected');
      const [end] = server.of('Disconnected');
      expect(end?.by).toMatch(way === 'resets' ? /^(network|peer)$/ : /^(peer|network)$/);
    }
    for (const { error } of server.errors) expect(error.code).toMatch(/^ERR_SSH_(SOCKET|POLICY_FAILED)$/);
  });
});

describe('whatever became of one client', () => {
  it.each(ways)('that %s, the server serves the next', async (_way, kill) => {
    const watched = new Watched();
    const server = await TestServer.start(programs(watched));
    for (const command of ['endless', 'reading', 'endless']) {
      kill(await program(command)(server));
      await server.servesTheNext();
    }
  });

  it('a reset is an error of the socket, with the cause', async () => {
    const server = await TestServer.start();
    const client = await server.login();
    await client.sync();

    asSocket(client.stream).resetAndDestroy();
    await server.event('Disconnected');

    expect(server.errors).toMatchObject([{ error: { code: 'ERR_SSH_SOCKET' } }]);
    expect(server.errors[0]?.error.cause).toBeInstanceOf(Error);
    expect(server.of('Disconnected')).toMatchObject([{ by: 'network' }]);
  });

  it('fifty of them at once leave nothing either', async () => {
    const watched = new Watched();
    const server = await TestServer.start({ ...programs(watched), admission: { maxPerSource: 100 } });
    const sockets = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const socket = await program(index % 2 === 0 ? 'endless' : 'reading')(server);
        // Otherwise the first ones keep the machine busy until the last ones are there.
        return socket.pause();
      }),
    );

    sockets.forEach((socket, index) => ways[index % 3]?.[1](socket));
    for (const socket of sockets) socket.resume();
    await server.socketsClosed();
    await new Promise((resolve) => setImmediate(resolve));

    expect(server.ssh.connections).toEqual([]);
    expect(server.clock.pending).toBe(0);
    expect(watched.started).toBe(50);
    expect(watched.ended).toBe(50);
    await server.servesTheNext();
  });
});

describe('a stream that is handed to serve()', () => {
  it('dead already, is let go at once', async () => {
    const server = await TestServer.start();
    const socket = await server.socket();
    await server.event('Connected');
    const [dead] = server.sockets;
    socket.destroy();
    await server.socketsClosed();
    if (dead === undefined) throw new Error('no socket');

    await server.ssh.serve(dead);

    expect(server.ssh.connections).toEqual([]);
    expect(server.clock.pending).toBe(0);
  });

  it('paused, is read all the same', async () => {
    const server = await TestServer.start();
    const client = await server.plain();
    await server.event('Connected');
    client.socket.destroy();
    server.pauseSockets = true;

    await server.servesTheNext();
  });
});
