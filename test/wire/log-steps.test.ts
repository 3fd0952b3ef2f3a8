import { describe, expect, it } from 'vitest';

import { decide, exec, grantPassword, type LogLevel, type LogStep } from '../../src/index.js';
import { drain } from '../support/drain.js';
import * as send from '../support/wire-client-payloads.js';
import { follow } from '../support/wire-client-session.js';
import type { WireClientOptions } from '../support/wire-client.js';
import { passwordSecret, TestServer, type TestServerOptions } from './test-server.js';

const WHISPER = 'correct-horse-battery';

/** Plays a session with everything that a log could give away, to its end. */
async function session(options: TestServerOptions, client: WireClientOptions = {}): Promise<TestServer> {
  const server = await TestServer.start({
    handlers: [
      decide(
        'SSHUserAuthRequest',
        grantPassword((_user, password) => password === WHISPER),
      ),
      exec('true', async (ssh) => {
        await drain(ssh.stdin);
        await ssh.write(`you said ${WHISPER}\n`);
        return 0;
      }),
    ],
    ...options,
  });
  const peer = await server.connect(client);
  await peer.exchanged();
  peer.send(send.serviceRequest());
  await peer.take(6);
  peer.send(send.authNone());
  await peer.take(51);
  peer.send(send.authPassword(`${WHISPER}?`));
  await peer.take(51);
  peer.send(send.authPassword(WHISPER));
  await peer.take(52);
  peer.send(send.globalRequest('keepalive@openssh.com', true));
  await peer.take(82);
  peer.send(send.channelOpen({ type: 'x11', sender: 9 }));
  await peer.take(92);
  const remote = await peer.open();
  peer.send(send.channelRequest(remote, 'env', true, 'SECRET', WHISPER));
  await peer.take(100);
  peer.send(send.exec(remote, 'true'));
  await peer.take(99);
  peer.send(send.channelData(remote, `${WHISPER}\n`), send.channelEof(remote));
  await follow(peer, { remote });
  peer.send(send.disconnect(11, 'bye'));
  await peer.closed;
  await server.socketsClosed();
  return server;
}

const stepsOf = (server: TestServer): readonly LogStep[] => server.of('Log').flatMap(({ step }) => step ?? []);

/** The steps in words, which say all of them. */
const linesOf = (server: TestServer, level: LogLevel): readonly string[] =>
  server.of('Log').flatMap((log) => (log.level === level ? [log.message] : []));

describe('the log of a server', () => {
  it('of level 2 has each request and its answer, and the life of each channel', async () => {
    const server = await session({ logLevel: 2 });

    expect(linesOf(server, 2)).toEqual([
      'algorithms negotiated: curve25519-sha256, ssh-ed25519, aes128-gcm@openssh.com',
      'sign-in requested: "ann" by "none", request 1',
      'sign-in answered: "ann" by "none", request 1, failure',
      'sign-in requested: "ann" by "password", request 2',
      'sign-in requested: "ann" by "password", request 3',
      'global request refused: "keepalive@openssh.com"',
      'channel refused: "x11", no-grant (rxsshd)',
      'channel c1.0 opened: "session"',
      'channel c1.0 request refused: "env"',
      'channel c1.0 request granted: "exec"',
      'channel c1.0: end of input',
      'channel c1.0 closed',
    ]);
    expect(linesOf(server, 1)).toEqual(server.of('SSHStatus').map(({ message }) => message));
    expect(linesOf(server, 3)).toEqual([]);
  });

  it('of level 3 has each packet by number, name and length', async () => {
    const server = await session({ logLevel: 3 });

    const packets = stepsOf(server).filter((step) => step.kind === 'packet');
    expect(packets.map(({ direction, name }) => `${direction} ${name}`)).toEqual([
      ...['out KEXINIT', 'in KEXINIT', 'in KEX_METHOD_30', 'out KEX_METHOD_31', 'out NEWKEYS', 'in NEWKEYS'],
      ...['in SERVICE_REQUEST', 'out SERVICE_ACCEPT'],
      ...['in USERAUTH_REQUEST', 'out USERAUTH_FAILURE', 'in USERAUTH_REQUEST', 'out USERAUTH_FAILURE'],
      // The first of the global requests tells the host keys.
      ...['in USERAUTH_REQUEST', 'out USERAUTH_SUCCESS', 'out GLOBAL_REQUEST'],
      ...['in GLOBAL_REQUEST', 'out REQUEST_FAILURE'],
      ...['in CHANNEL_OPEN', 'out CHANNEL_OPEN_FAILURE', 'in CHANNEL_OPEN', 'out CHANNEL_OPEN_CONFIRMATION'],
      ...['in CHANNEL_REQUEST', 'out CHANNEL_FAILURE', 'in CHANNEL_REQUEST', 'out CHANNEL_SUCCESS'],
      ...['in CHANNEL_DATA', 'in CHANNEL_EOF', 'out CHANNEL_DATA', 'out CHANNEL_REQUEST', 'out CHANNEL_EOF'],
      ...['out CHANNEL_CLOSE', 'in CHANNEL_WINDOW_ADJUST', 'in CHANNEL_CLOSE', 'in DISCONNECT'],
    ]);
    const data = packets.find(({ direction, number }) => direction === 'in' && number === 94);
    expect(data?.length).toBe(9 + WHISPER.length + 1);
  });

  it('has the true lengths of packets that are compressed', async () => {
    const compression = ['zlib@openssh.com'];
    const plain = await session({ logLevel: 3 });
    const server = await session({ logLevel: 3, algorithms: { compression } }, { compression });

    const behindKeys = (it: TestServer) => {
      const packets = stepsOf(it).filter((step) => step.kind === 'packet');
      return packets.slice(packets.findIndex(({ name }) => name === 'SERVICE_REQUEST'));
    };
    expect(behindKeys(server)).toEqual(behindKeys(plain));
  });

  it.each([1, 2, 3] as const)('of level %i has no secret and nothing that was sent', async (logLevel) => {
    const server = await session({ logLevel });

    expect(server.of('Log').length).toBeGreaterThan(5);
    expect(JSON.stringify([server.of('Log'), server.of('SSHStatus')])).not.toContain(WHISPER);
  });

  it('tells of a key exchange that the server begins, and of one that the client begins', async () => {
    const server = await TestServer.start({ logLevel: 2 });
    const client = await server.login();
    server.events.length = 0;

    server.ssh.connections[0]?.exchangeKeys();
    server.clock.advance(0);
    await client.exchanged(2);
    client.rekey();
    await client.exchanged(3);
    client.send(send.globalRequest('are-we-there', true));
    await client.take(82);

    const algorithms = 'curve25519-sha256, ssh-ed25519, aes128-gcm@openssh.com';
    expect(server.of('Log').map(({ message }) => message)).toEqual([
      'key exchange 2 begun by the server',
      `algorithms negotiated: ${algorithms}`,
      `keys renewed: ${algorithms}`,
      'key exchange 3 begun by the client',
      `algorithms negotiated: ${algorithms}`,
      `keys renewed: ${algorithms}`,
      'global request refused: "are-we-there"',
    ]);
    expect(server.of('SSHStatus').map(({ message }) => message)).toEqual([
      'key exchange 2 begun by the server',
      `keys renewed: ${algorithms}`,
      'key exchange 3 begun by the client',
      `keys renewed: ${algorithms}`,
    ]);
  });

  it('tells by whom and why a connection was refused', async () => {
    const server = await TestServer.start({ logLevel: 2, admission: { maxConnections: 1 } });
    await server.login();
    const second = await server.plain();
    await second.closed;

    expect(stepsOf(server).at(-1)).toMatchObject({ kind: 'connection-refused', reason: 'limit-reached' });
  });

  it('writes no lines of a client that gives itself many names', async () => {
    const server = await TestServer.start({ logLevel: 3 });
    const client = await server.plain();
    client.write('SSH-2.0-\u001b[31mroot\u0007 \u0085ok\r\n');
    await client.payload(20);
    client.socket.destroy();
    const guest = await server.connect();
    await guest.exchanged();
    guest.send(send.serviceRequest());
    await guest.take(6);
    guest.send(send.authPassword('x', 'eve\r\n2026-01-01 root authenticated\u001b]0;x\u0007\u202e'));
    await guest.take(51);
    guest.send(send.disconnect(11, 'bye\r\nroot: let in\u009b2J'));
    await guest.closed;
    await server.socketsClosed();

    const told = [...server.of('Log'), ...server.of('SSHStatus')];
    for (const { message, step } of told) {
      expect(message).toMatch(/^[\x20-\x7e]+$/u);
      expect(JSON.stringify(step)).toMatch(/^[\x20-\x7e]+$/u);
    }
    const lines = server.of('SSHStatus').map(({ message }) => message);
    expect(lines).toContain('client identified as "SSH-2.0-\\\\u{1b}[31mroot\\\\u{7} \\\\u{c2}\\\\u{85}ok"');
    expect(lines.join('\n')).toContain(
      'sign-in failed: "eve\\\\u{d}\\\\u{a}2026-01-01 root authenticated\\\\u{1b}]0;x\\\\u{7}\\\\u{202e}" by',
    );
  });

  it('may be listened to by somebody who ends the connection at any step', async () => {
    const whole = await session({ logLevel: 3 });
    const kinds = new Set(stepsOf(whole).map(({ kind }) => kind));
    kinds.delete('disconnected');
    expect(kinds.size).toBeGreaterThan(14);

    for (const kind of kinds) {
      const server = await TestServer.start({ logLevel: 3, handlers: [passwordSecret, exec('true', () => 0)] });
      server.ssh.events.Log.subscribe(({ connection, step }) => {
        if (connection.id === 'c1' && step?.kind === kind) server.ssh.connection(connection.id)?.disconnect('enough');
      });
      const client = await server.connect();
      await converse(client).catch(() => undefined);
      await client.closed;
      await server.socketsClosed();

      const own = server.events.filter((event) => 'connection' in event && event.connection.id === 'c1');
      expect(own.at(-1), kind).toMatchObject({ type: 'Disconnected', by: 'server', description: 'enough' });
      expect(server.errors, kind).toEqual([]);
      await server.servesTheNext();
    }
  });
});

/** All that makes a step, and then nothing. */
async function converse(client: Awaited<ReturnType<TestServer['connect']>>): Promise<void> {
  await client.exchanged();
  client.send(send.serviceRequest());
  await client.take(6);
  client.send(send.authNone(), send.authPassword('wrong'), send.authPassword('secret'));
  await client.take(52);
  client.send(send.globalRequest('nothing', true), send.channelOpen({ type: 'x11', sender: 9 }));
  await client.take(92);
  const remote = await client.open();
  client.send(send.exec(remote, 'true'), send.channelEof(remote));
  await follow(client, { remote });
}
