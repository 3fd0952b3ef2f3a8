import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { asyncScheduler, firstValueFrom, VirtualTimeScheduler } from 'rxjs';
import {
  type Clock,
  clockOf,
  createServer,
  decide,
  exec,
  generateHostKey,
  grantPassword,
  grantPublicKey,
  type SshEvent,
  type SshServer,
} from 'rxsshd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type ClientKeys, makeClientKeys } from '../support/client-keys.js';
import { OpenSshClient } from '../support/openssh-client.js';
import { requires } from '../support/requires.js';
import { runProgram } from '../support/running-program.js';

const programs = requires(['ssh', 'ssh-keygen', 'sshpass']);

/** Real timers, but a time that stands still, so that every decision takes 0 ms. */
const STILL: Clock = { scheduler: asyncScheduler, now: () => 0 };

describe.skipIf(programs.missing.length > 0)(programs.title('OpenSSH, the complete log of events'), () => {
  let folder: string;
  let keys: ClientKeys;
  let clientVersion: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'rxsshd-events-'));
    keys = await makeClientKeys(programs.path('ssh-keygen'), folder);
    const { stderr } = await runProgram(programs.path('ssh'), ['-V']);
    // "OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL …" is what it calls itself on the wire as well.
    clientVersion = `SSH-2.0-${/^[^,]*/u.exec(stderr)?.[0] ?? ''}`;
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** A server that lets in who has the Ed25519 key or knows the password, and the log of all that happens in it. */
  async function open(clock: Clock) {
    const { hostKey } = await generateHostKey('ssh-ed25519');
    const server = await createServer({
      hostKeys: [hostKey],
      clock,
      algorithms: { keyExchange: ['curve25519-sha256'], ciphers: ['aes128-gcm@openssh.com'] },
      handlers: [
        decide('SSHUserAuthRequest', grantPublicKey(await readFile(`${keys.ed25519}.pub`, 'utf8')), { source: 'keys' }),
        decide(
          'SSHUserAuthRequest',
          grantPassword((_user, password) => password === 'demo'),
          { source: 'passwords' },
        ),
        exec(
          'greet',
          async (session) => {
            for await (const line of session.lines) await session.write(`hello ${line}\n`);
            return 7;
          },
          { source: 'greet' },
        ),
      ],
    });
    const log: SshEvent[] = [];
    server.events.all.subscribe((event) => log.push(event));
    const address = await server.listen({ host: '127.0.0.1', port: 0 });
    const port = typeof address === 'string' ? 0 : address.port;
    const ssh = new OpenSshClient({
      program: programs.path('ssh'),
      server: { host: '127.0.0.1', port },
      env: { HOME: folder },
    });
    return { server, log, port, ssh };
  }

  /** The first connection of a server, as all its events name it. */
  const connectionTo = (port: number) => ({
    id: 'c1',
    remoteAddress: '127.0.0.1',
    remotePort: expect.any(Number) as number,
    localAddress: '127.0.0.1',
    localPort: port,
  });

  /** What the default policies grant. */
  const byDefault = { by: 'default', source: 'rxsshd/default', phase: 'route', elapsedMs: 0, outcome: 'granted' };

  /** An event, and its echo in the two forms of the diary. */
  const diary = (connection: object, message: string) => [
    { type: 'SSHStatus', connection, message, step: expect.any(Object) as object },
    { type: 'Log', connection, level: 1, message, step: expect.any(Object) as object },
  ];

  /** From the first packet to the question of who is there: the same for every client that gets so far. */
  const handshake = (connection: object) => {
    const arrival = { type: 'ConnectionRequest', connection };
    const service = { type: 'SSHServiceRequest', connection, service: 'ssh-userauth' };
    return [
      arrival,
      { type: 'Decided', connection, request: arrival, ...byDefault },
      { type: 'Connected', connection },
      ...diary(connection, 'connection accepted'),
      ...diary(connection, `client identified as "${clientVersion}"`),
      ...diary(connection, 'key exchange 1 begun by the server'),
      ...diary(connection, 'keys exchanged: curve25519-sha256, ssh-ed25519, aes128-gcm@openssh.com'),
      service,
      { type: 'Decided', connection, request: service, ...byDefault },
      ...diary(connection, 'service accepted: "ssh-userauth"'),
    ];
  };

  const authentication = (connection: object, ordinal: number, content: object) => ({
    type: 'SSHUserAuthRequest',
    connection,
    user: 'demo',
    service: 'ssh-connection',
    ordinal,
    ...content,
  });

  /** Clients ask first which methods there are. */
  const probe = (connection: object) => {
    const request = authentication(connection, 1, { method: 'none' });
    const verdict = {
      by: 'rxsshd',
      source: 'rxsshd',
      phase: 'route',
      elapsedMs: 0,
      outcome: 'denied',
      reason: 'no-grant',
    };
    return [request, { type: 'Decided', connection, request, ...verdict }];
  };

  const ended = (server: SshServer) => firstValueFrom(server.events.Disconnected);

  it('ssh that signs in with a key, runs a command and leaves', async () => {
    const { server, log, port, ssh } = await open(STILL);
    const disconnected = ended(server);

    const { status, stdout } = await ssh.run('greet', { key: keys.ed25519, input: 'ann\n' });
    await disconnected;
    await server.shutdown();

    expect({ status, stdout: stdout.toString() }).toEqual({ status: 7, stdout: 'hello ann\n' });

    const connection = connectionTo(port);
    const [, base64 = ''] = (await readFile(`${keys.ed25519}.pub`, 'utf8')).split(' ');
    const blob = Buffer.from(base64, 'base64');
    const { stdout: listed } = await runProgram(programs.path('ssh-keygen'), ['-lf', keys.ed25519]);
    const fingerprint = listed.toString().split(' ')[1];

    const key = { type: 'ssh-ed25519', blob, fingerprint, bits: 256 };
    const offered = { method: 'publickey', stage: 'offered', algorithm: 'ssh-ed25519', key };
    const byKeys = { by: 'grantPublicKey', source: 'keys', phase: 'authenticate', elapsedMs: 0, outcome: 'granted' };
    const offer = authentication(connection, 2, offered);
    const proof = authentication(connection, 3, { ...offered, stage: 'proven' });

    const channel = 'c1.0';
    const session = { connection, channel, channelType: 'session' };
    const identity = { user: 'demo', method: 'publickey', keyFingerprint: fingerprint };
    const opening = {
      type: 'SSHChannelOpenRequest',
      ...session,
      identity,
      detail: { type: 'session' },
      data: Buffer.alloc(0),
    };
    const content = {
      ...session,
      identity,
      requestType: 'exec',
      wantReply: true,
      detail: { type: 'exec', command: 'greet' },
      data: Buffer.from('\0\0\0\u0005greet'),
    };
    const command = { type: 'SSHChannelRequest', ...content };
    const byRouter = { by: 'greet', source: 'rxsshd/router', phase: 'route', elapsedMs: 0, outcome: 'granted' };

    expect(log).toEqual([
      ...handshake(connection),
      ...probe(connection),
      offer,
      { type: 'Decided', connection, request: offer, ...byKeys, provisional: true },
      proof,
      { type: 'Decided', connection, request: proof, ...byKeys },
      ...diary(connection, 'authenticated: "demo" by "publickey"'),
      opening,
      { type: 'Decided', connection, request: opening, ...byDefault },
      { type: 'SSHChannelOpened', ...session },
      { type: 'SSHChannelReadyToSend', connection, channel },
      command,
      { type: 'Decided', connection, request: command, ...byRouter },
      { type: 'SSHChannelRequested', ...content },
      { type: 'SSHChannelDataIn', connection, channel, data: Buffer.from('ann\n'), dataType: 0 },
      { type: 'SSHChannelEOF', connection, channel },
      { type: 'SSHChannelClosed', ...session, exit: { status: 7 }, bytesReceived: 4, bytesSent: 10 },
      ...diary(connection, 'disconnected by the peer (BY_APPLICATION): "disconnected by user"'),
      {
        type: 'Disconnected',
        connection,
        identity,
        by: 'peer',
        reason: 'BY_APPLICATION',
        description: 'disconnected by user',
        bytesReceived: expect.any(Number) as number,
        bytesSent: expect.any(Number) as number,
      },
    ]);
  });

  it('ssh that knows neither key nor password, and whose password is in no event', async () => {
    const { server, log, port, ssh } = await open(STILL);
    const disconnected = ended(server);

    await ssh.runWithPassword(programs.path('sshpass'), 'hunter2', 'greet');
    await disconnected;
    await server.shutdown();

    const connection = connectionTo(port);
    const guess = authentication(connection, 2, { method: 'password', password: expect.anything() as unknown });
    const byPasswords = { by: 'grantPassword', source: 'passwords', phase: 'authenticate', elapsedMs: 0 };

    expect(log).toEqual([
      ...handshake(connection),
      ...probe(connection),
      guess,
      { type: 'Decided', connection, request: guess, ...byPasswords, outcome: 'denied', reason: 'bad-credential' },
      ...diary(connection, 'sign-in failed: "demo" by "password", bad-credential (grantPassword)'),
      ...diary(connection, 'disconnected by the peer: "the client closed the connection"'),
      {
        type: 'Disconnected',
        connection,
        by: 'peer',
        description: 'the client closed the connection',
        bytesReceived: expect.any(Number) as number,
        bytesSent: expect.any(Number) as number,
      },
    ]);
    expect(JSON.stringify(log)).toContain('"password":"[redacted]"');
    expect(JSON.stringify(log)).not.toContain('hunter2');
  });

  it('somebody who connects, never sends a byte, and is sent away when the login takes too long', async () => {
    const scheduler = new VirtualTimeScheduler();
    const { server, log, port } = await open(clockOf(scheduler));
    const disconnected = ended(server);
    const connected = firstValueFrom(server.events.Connected);

    const silent = connect({ host: '127.0.0.1', port });
    const closed = once(silent.resume(), 'close');
    await connected;
    // The minute passes.
    scheduler.flush();
    await disconnected;
    await closed;
    await server.shutdown();

    const connection = connectionTo(port);
    const arrival = { type: 'ConnectionRequest', connection };
    expect(scheduler.now()).toBeGreaterThanOrEqual(60_000);
    expect(log).toEqual([
      arrival,
      { type: 'Decided', connection, request: arrival, ...byDefault },
      { type: 'Connected', connection },
      ...diary(connection, 'connection accepted'),
      ...diary(connection, 'disconnected by the server (BY_APPLICATION): "the login took too long"'),
      {
        type: 'Disconnected',
        connection,
        by: 'server',
        reason: 'BY_APPLICATION',
        description: 'the login took too long',
        revoked: { by: 'loginGrace', message: 'the login took too long' },
        bytesReceived: 0,
        bytesSent: 'SSH-2.0-rxsshd\r\n'.length,
      },
    ]);
  });
});
