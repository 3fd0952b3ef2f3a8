import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { inspect } from 'node:util';

import { map } from 'rxjs';
import { describe, expect, it } from 'vitest';

import {
  acceptOffer,
  decide,
  decideEach,
  deny,
  DenyReason,
  exec,
  grant,
  Secret,
  type SshEvent,
  type SSHUserAuthRequest,
} from '../../src/index.js';
import * as send from '../support/wire-client-payloads.js';
import { follow } from '../support/wire-client-session.js';
import { wireBytes } from '../support/wire-bytes.js';
import { TestServer } from './test-server.js';

const pair = generateKeyPairSync('ed25519');
const rawKey = Buffer.from(pair.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
const blob = wireBytes('ssh-ed25519', [rawKey.length], rawKey);
const fingerprint = `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;

/** Everything but what is the same for all events of a connection, or differs from run to run. */
function summary(event: SshEvent): object {
  if (!('connection' in event)) return event;
  const { connection, ...rest } = event;
  expect(connection).toMatchObject({ id: 'c1', remoteAddress: '127.0.0.1', localAddress: '127.0.0.1' });
  // In words here; as data in log-steps.test.ts.
  if (rest.type === 'SSHStatus') return { type: rest.type, message: rest.message };
  if (rest.type !== 'Decided') return rest;
  const { request, ...decision } = rest;
  return { ...decision, request: request.type };
}

const withoutLog = (server: TestServer): readonly object[] =>
  server.events.filter(({ type }) => type !== 'Log').map(summary);

const status = (message: string): object => ({ type: 'SSHStatus', message });
const HANDSHAKE = [
  status('client identified as "SSH-2.0-WireClient"'),
  status('key exchange 1 begun by the server'),
  status('keys exchanged: curve25519-sha256, ssh-ed25519, aes128-gcm@openssh.com'),
];

const granted = (request: string, rest: object): object => ({
  type: 'Decided',
  request,
  outcome: 'granted',
  elapsedMs: 0,
  ...rest,
});
const denied = (request: string, rest: object): object => ({
  type: 'Decided',
  request,
  outcome: 'denied',
  elapsedMs: 0,
  ...rest,
});

/** What the operating system says of the first connection. */
function bytesOf({ sockets: [socket] }: TestServer): object {
  return { bytesReceived: socket?.bytesRead, bytesSent: socket?.bytesWritten };
}

const anyKey = decide(
  'SSHUserAuthRequest',
  decideEach<SSHUserAuthRequest>('anyKey', (verdict) => {
    const { request } = verdict;
    if (request.method !== 'publickey') return verdict;
    if (request.stage === 'offered') return acceptOffer(verdict, request, 'anyKey');
    return request.stage === 'proven' ? grant<SSHUserAuthRequest>(verdict, request, 'anyKey') : verdict;
  }),
  { source: 'Desk.signIn' },
);

it('tells all of a session, in order', async () => {
  const server = await TestServer.start({
    handlers: [
      anyKey,
      exec(
        'shout',
        async function* (session) {
          for await (const chunk of session.stdin) yield String(chunk).toUpperCase();
          yield 3;
        },
        { source: 'Desk.shout' },
      ),
    ],
  });
  const client = await server.connect();
  await client.exchanged();
  client.send(send.serviceRequest());
  await client.take(6);
  client.send(send.authNone());
  await client.take(51);
  client.send(send.authMethod('publickey', 0, 'ssh-ed25519', [blob.length], blob));
  await client.take(60);
  const request = send.authMethod('publickey', 1, 'ssh-ed25519', [blob.length], blob);
  const signature = sign(null, wireBytes([client.sessionId.length], client.sessionId, request), pair.privateKey);
  const wrapped = wireBytes('ssh-ed25519', [signature.length], signature);
  client.send(Buffer.concat([request, wireBytes([wrapped.length], wrapped)]));
  await client.take(52);
  const remote = await client.open();
  client.send(send.exec(remote, 'shout'));
  await client.take(99);
  client.send(send.channelData(remote, 'hear me'));
  await client.take(94);
  client.send(send.channelEof(remote));
  await follow(client, { remote });
  client.send(send.disconnect(11, 'bye'));
  await client.closed;
  await server.socketsClosed();

  const identity = { user: 'ann', method: 'publickey', keyFingerprint: fingerprint };
  const key = { type: 'ssh-ed25519', blob, fingerprint, bits: 256 };
  const login = { type: 'SSHUserAuthRequest', user: 'ann', service: 'ssh-connection' };
  const byDefault = { by: 'default', source: 'rxsshd/default', phase: 'route' };
  const bySignIn = { by: 'anyKey', source: 'Desk.signIn', phase: 'authenticate' };
  const channel = 'c1.0';
  const command = {
    identity,
    channel,
    channelType: 'session',
    requestType: 'exec',
    wantReply: true,
    detail: { type: 'exec', command: 'shout' },
    data: wireBytes('shout'),
  };
  expect(withoutLog(server)).toEqual([
    { type: 'ConnectionRequest' },
    granted('ConnectionRequest', byDefault),
    { type: 'Connected' },
    status('connection accepted'),
    ...HANDSHAKE,
    { type: 'SSHServiceRequest', service: 'ssh-userauth' },
    granted('SSHServiceRequest', byDefault),
    status('service accepted: "ssh-userauth"'),
    { ...login, ordinal: 1, method: 'none' },
    denied('SSHUserAuthRequest', { by: 'rxsshd', source: 'rxsshd', phase: 'route', reason: 'no-grant' }),
    { ...login, ordinal: 2, method: 'publickey', stage: 'offered', algorithm: 'ssh-ed25519', key },
    granted('SSHUserAuthRequest', { ...bySignIn, provisional: true }),
    { ...login, ordinal: 3, method: 'publickey', stage: 'proven', algorithm: 'ssh-ed25519', key },
    granted('SSHUserAuthRequest', bySignIn),
    status('authenticated: "ann" by "publickey"'),
    {
      type: 'SSHChannelOpenRequest',
      identity,
      channel,
      channelType: 'session',
      detail: { type: 'session' },
      data: Buffer.alloc(0),
    },
    granted('SSHChannelOpenRequest', byDefault),
    { type: 'SSHChannelOpened', channel, channelType: 'session' },
    { type: 'SSHChannelReadyToSend', channel },
    { type: 'SSHChannelRequest', ...command },
    granted('SSHChannelRequest', { by: 'Desk.shout', source: 'rxsshd/router', phase: 'route' }),
    { type: 'SSHChannelRequested', ...command },
    { type: 'SSHChannelDataIn', channel, data: Buffer.from('hear me'), dataType: 0 },
    { type: 'SSHChannelEOF', channel },
    { type: 'SSHChannelClosed', channel, channelType: 'session', exit: { status: 3 }, bytesReceived: 7, bytesSent: 7 },
    status('disconnected by the peer (BY_APPLICATION): "bye"'),
    { type: 'Disconnected', identity, by: 'peer', reason: 'BY_APPLICATION', description: 'bye', ...bytesOf(server) },
  ]);
});

it('tells all of a failed login, in order, and no secret', async () => {
  const server = await TestServer.start({ limits: { maxAuthFailures: 2 } });
  const client = await server.connect();
  await client.exchanged();
  client.send(send.serviceRequest());
  await client.take(6);
  client.send(send.authPassword('hunter2', 'eve\u001b[2J'), send.authPassword('hunter3', 'eve'));
  await client.closed;
  await server.socketsClosed();

  const login = { type: 'SSHUserAuthRequest', service: 'ssh-connection', method: 'password' };
  const byDefault = { by: 'default', source: 'rxsshd/default', phase: 'route' };
  const wrong = {
    by: 'grantPassword',
    source: 'decide(SSHUserAuthRequest)',
    phase: 'authenticate',
    reason: 'bad-credential',
  };
  expect(withoutLog(server)).toEqual([
    { type: 'ConnectionRequest' },
    granted('ConnectionRequest', byDefault),
    { type: 'Connected' },
    status('connection accepted'),
    ...HANDSHAKE,
    { type: 'SSHServiceRequest', service: 'ssh-userauth' },
    granted('SSHServiceRequest', byDefault),
    status('service accepted: "ssh-userauth"'),
    { ...login, user: 'eve\u001b[2J', ordinal: 1, password: expect.any(Secret) as Secret },
    denied('SSHUserAuthRequest', {
      by: 'legal names',
      source: 'rxsshd',
      phase: 'route',
      reason: 'illegal-name',
    }),
    status('sign-in failed: "eve\\\\u{1b}[2J" by "password", illegal-name (legal names)'),
    { ...login, user: 'eve', ordinal: 2, password: expect.any(Secret) as Secret },
    denied('SSHUserAuthRequest', wrong),
    status('sign-in failed: "eve" by "password", bad-credential (grantPassword)'),
    status('disconnected by the server (NO_MORE_AUTH_METHODS_AVAILABLE): "too many authentication failures"'),
    {
      type: 'Disconnected',
      by: 'server',
      reason: 'NO_MORE_AUTH_METHODS_AVAILABLE',
      description: 'too many authentication failures',
      ...bytesOf(server),
    },
  ]);
  expect(JSON.stringify(server.events)).not.toContain('hunter');
  expect(inspect(server.events, { depth: 9, showHidden: true })).not.toContain('hunter');
});

it('tells all of a connection that never sends a byte', async () => {
  const server = await TestServer.start();
  const client = await server.plain();
  await server.event('Connected');
  server.clock.advance(60_000);
  await client.closed;

  expect(withoutLog(server)).toEqual([
    { type: 'ConnectionRequest' },
    granted('ConnectionRequest', { by: 'default', source: 'rxsshd/default', phase: 'route' }),
    { type: 'Connected' },
    status('connection accepted'),
    status('disconnected by the server (BY_APPLICATION): "the login took too long"'),
    {
      type: 'Disconnected',
      by: 'server',
      reason: 'BY_APPLICATION',
      description: 'the login took too long',
      revoked: { by: 'loginGrace', message: 'the login took too long' },
      bytesReceived: 0,
      bytesSent: 'SSH-2.0-rxsshd\r\n'.length,
    },
  ]);
});

it('tells of one that is refused that it asked, and nothing more', async () => {
  const server = await TestServer.start({
    handlers: [
      decide(
        'ConnectionRequest',
        map((verdict) => deny(verdict, 'closed', DenyReason.NotPermitted)),
        { source: 'Desk.door' },
      ),
    ],
  });
  const client = await server.plain();
  await client.closed;

  expect(client.text).toBe('');
  expect(withoutLog(server)).toEqual([
    { type: 'ConnectionRequest' },
    denied('ConnectionRequest', { by: 'closed', source: 'Desk.door', phase: 'limit', reason: 'not-permitted' }),
  ]);
});

describe('the log', () => {
  it('has a line for each status, unless it is switched off', async () => {
    for (const logLevel of [0, 1] as const) {
      const server = await TestServer.start({ logLevel });
      const client = await server.connect();
      await client.exchanged();
      client.send(send.serviceRequest(), send.authPassword('wrong', 'ann\r\nroot'));
      await client.take(51);

      const told = server.of('SSHStatus').map(({ message }) => message);
      expect(server.of('Log').map(({ level, message }) => [level, message])).toEqual(
        logLevel === 0 ? [] : told.map((message) => [1, message]),
      );
      expect(told.at(-1)).toMatch(/^sign-in failed: "ann\\\\u\{d\}\\\\u\{a\}root" by "password", /u);
    }
  });
});
