import { createHash, randomBytes } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import {
  decide,
  decideEach,
  exec,
  grantWhen,
  type HandlerFunction,
  type Service,
  shell,
  type SSHChannelRequest,
} from '../../src/index.js';
import { deferred } from '../support/deferred.js';
import type { WireClient } from '../support/wire-client.js';
import * as send from '../support/wire-client-payloads.js';
import { follow } from '../support/wire-client-session.js';
import { wireBytes } from '../support/wire-bytes.js';
import { passwordSecret, TestServer, type TestServerOptions } from './test-server.js';

const echo: Service = async function* (session) {
  for await (const chunk of session.stdin) yield chunk as Buffer;
};

const untilClosed: Service = (session) =>
  new Promise((resolve) => {
    session.channel.signal.addEventListener('abort', () => {
      resolve();
    });
  });

const programs: readonly HandlerFunction[] = [
  passwordSecret,
  exec('cat', echo),
  shell(echo),
  exec('wait', untilClosed),
  exec('exit *', (session) => Number(session.arguments)),
  exec('die *', (session) => ({ exitSignal: session.arguments })),
];

const start = (options: TestServerOptions = {}): Promise<TestServer> =>
  TestServer.start({ handlers: programs, ...options });

/** Opens a channel and asks for a program. @returns the server's number of the channel */
async function run(client: WireClient, command: string, fields: send.ChannelOpenFields = {}): Promise<number> {
  const remote = await client.open(fields);
  client.send(send.exec(remote, command));
  await client.take(99);
  return remote;
}

const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

describe('opening', () => {
  it.each([
    ['without window and packet size', wireBytes(90, 'session', [0])],
    ['without packet size', wireBytes(90, 'session', [0], [1])],
    ['without anything', Buffer.of(90)],
    ['with a type longer than the packet', wireBytes(90, [900])],
  ])('%s ends the connection', async (_how, payload) => {
    const server = await start();
    const client = await server.login();

    client.send(payload);
    await client.closed;

    expect(client.goodbye?.reason).toBe(2);
    expect(server.of('SSHChannelOpenRequest')).toEqual([]);
  });

  it.each([0, 1, 255])('with a packet size of %i is refused, and harms nobody', async (maxPacket) => {
    const server = await start();
    const client = await server.login();

    client.send(send.channelOpen({ sender: 7, maxPacket }));
    const failure = await client.take(92);

    expect(failure.readUInt32BE(1)).toBe(7);
    expect(failure.readUInt32BE(5)).toBe(4);
    await client.sync();
    await server.servesTheNext();
  });

  it('with a packet size of 256 works, in blocks of 256', async () => {
    const server = await start();
    const client = await server.login();
    const remote = await run(client, 'cat', { maxPacket: 256 });
    const data = randomBytes(10_000);

    client.send(send.channelData(remote, data), send.channelEof(remote));
    const { stdout } = await follow(client, { remote });

    expect(stdout).toEqual(data);
    const sizes = client.payloads.filter((payload) => payload[0] === 94).map((payload) => payload.readUInt32BE(5));
    expect(Math.max(...sizes)).toBe(256);
  });

  it('beyond the limit is refused, and possible again once a channel has closed', async () => {
    const server = await start({ limits: { maxChannels: 64 } });
    const client = await server.login();
    for (let sender = 0; sender < 64; sender += 1) await client.open({ sender });

    client.send(...Array.from({ length: 500 }, (_, index) => send.channelOpen({ sender: 1000 + index })));
    for (let count = 0; count < 500; count += 1) expect((await client.take(92)).readUInt32BE(5)).toBe(4);
    client.send(send.channelClose(5));
    await client.take(97);

    expect(await client.open({ sender: 2000 })).toBe(5);
  });

  it('counts channels that are still being decided', async () => {
    const gate = deferred<boolean>();
    const server = await start({
      limits: { maxChannels: 3 },
      handlers: [
        passwordSecret,
        decide(
          'SSHChannelOpenRequest',
          grantWhen(() => gate.promise),
        ),
      ],
    });
    const client = await server.login();

    client.send(...Array.from({ length: 10 }, (_, sender) => send.channelOpen({ sender })));
    for (let count = 0; count < 7; count += 1) await client.take(92);
    gate.resolve(true);
    for (let count = 0; count < 3; count += 1) await client.take(91);
  });

  it('a type that nobody serves is refused as such', async () => {
    const server = await start();
    const client = await server.login();

    client.send(send.channelOpen({ type: 'nonsense@test', sender: 3 }));

    expect((await client.take(92)).readUInt32BE(5)).toBeGreaterThan(0);
    await client.sync();
  });

  it.each([
    ['data', send.channelData(0, 'early')],
    ['a request', send.exec(0, 'cat')],
    ['CLOSE', send.channelClose(0)],
  ])('%s for a channel that is still being decided ends the connection', async (_what, payload) => {
    const server = await start({
      handlers: [
        passwordSecret,
        decide(
          'SSHChannelOpenRequest',
          grantWhen(() => new Promise<never>(() => undefined)),
        ),
      ],
    });
    const client = await server.login();

    client.send(send.channelOpen(), payload);
    await client.closed;

    expect(client.goodbye?.reason).toBe(2);
  });

  it.each([0, 5, 0xffff_ffff])('a message for channel %i, which is not there, ends the connection', async (channel) => {
    const server = await start();
    const client = await server.login();

    client.send(send.channelData(channel, 'x'));
    await client.closed;

    expect(client.goodbye?.reason).toBe(2);
    await server.servesTheNext();
  });

  it.each([
    ['a confirmation', wireBytes(91, [0], [0], [1000], [1000])],
    ['a failure', wireBytes(92, [0], [1], '', '')],
  ])('%s of a channel that the server never asked for ends the connection', async (_what, payload) => {
    const server = await start();
    const client = await server.login();
    await client.open();

    client.send(payload);
    await client.closed;

    expect(client.goodbye?.reason).toBe(2);
  });
});

describe('windows', () => {
  it('beyond 2^32-1 end the connection', async () => {
    const server = await start();
    const client = await server.login();
    const remote = await client.open({ window: 0xffff_ff00 });

    client.send(send.windowAdjust(remote, 0xff));
    await client.sync();
    client.send(send.windowAdjust(remote, 1));
    await client.closed;

    expect(client.goodbye?.reason).toBe(2);
  });

  it('may not be overdrawn by a byte', async () => {
    const server = await start({ limits: { windowSize: 64 * 1024, maxPacketSize: 32 * 1024 } });
    for (const surplus of [0, 1]) {
      const client = await server.login();
      const remote = await run(client, 'wait');
      client.send(
        send.channelData(remote, Buffer.alloc(32 * 1024)),
        send.channelData(remote, Buffer.alloc(32 * 1024 - 1)),
        send.channelData(remote, Buffer.alloc(1 + surplus)),
      );
      if (surplus === 0) await client.sync();
      else await client.closed;
      expect(client.goodbye?.reason).toBe(surplus === 0 ? undefined : 2);
      client.destroy();
    }
  });

  it('are given back for what is read, and for nothing else', async () => {
    const server = await start({ limits: { windowSize: 64 * 1024 } });
    const client = await server.login();
    const reading = await run(client, 'cat');
    client.send(send.channelData(reading, Buffer.alloc(32 * 1024)), send.channelData(reading, Buffer.alloc(1)));
    expect((await client.take(93)).readUInt32BE(1)).toBe(0);

    const waiting = await run(client, 'wait', { sender: 1 });
    client.send(send.channelData(waiting, Buffer.alloc(32 * 1024)), send.channelData(waiting, Buffer.alloc(32 * 1024)));
    await client.sync();
    expect(client.payloads.filter((it) => it[0] === 93 && it.readUInt32BE(1) === 1)).toEqual([]);
  });

  it('are given back for extended data that a client sends, which nobody reads', async () => {
    const server = await start({ limits: { windowSize: 64 * 1024 } });
    const client = await server.login();
    const remote = await run(client, 'wait');

    for (let count = 0; count < 10; count += 1) {
      client.send(send.channelExtendedData(remote, 1, Buffer.alloc(32 * 1024)));
      await client.take(93);
    }
  });

  it.each([
    ['data', wireBytes(94, [0], [90])],
    ['extended data', wireBytes(95, [0], [1], [90])],
    ['a window adjustment', wireBytes(93, [0], 1)],
    ['EOF', wireBytes(96, 0)],
    ['a request', wireBytes(98, [0], 'exec')],
  ])('%s cut short ends the connection', async (_what, payload) => {
    const server = await start();
    const client = await server.login();
    await client.open();

    client.send(payload);
    await client.closed;

    expect(client.goodbye?.reason).toBe(2);
  });

  it('stdout and stderr share one, and both arrive exactly, however small it is', async () => {
    const stdout = randomBytes(300_000);
    const stderr = randomBytes(300_000);
    const both: Service = (session) => {
      session.stdout.write(stdout);
      session.stderr.write(stderr);
    };
    const server = await start({ handlers: [passwordSecret, exec('both', both)] });
    const client = await server.login();
    const remote = await client.open({ window: 10_000 });

    client.send(send.exec(remote, 'both'));
    const log = await follow(client, { remote });

    expect(digest(log.stdout)).toBe(digest(stdout));
    expect(digest(log.stderr)).toBe(digest(stderr));
    expect(log.exitStatus).toBe(0);
  });

  it('of the client are never overdrawn, even when they are given byte by byte', async () => {
    const server = await start({ handlers: [passwordSecret, exec('text', () => 'hello, world')] });
    const client = await server.login();
    const remote = await client.open({ window: 0 });

    client.send(send.exec(remote, 'text'));
    await client.take(99);
    let text = '';
    while (text.length < 12) {
      client.send(send.windowAdjust(remote, 1));
      const block = await client.take(94);
      expect(block.readUInt32BE(5)).toBe(1);
      text += block.toString('latin1', 9);
    }

    expect(text).toBe('hello, world');
    const log = await follow(client, { remote });
    expect(log.told).toEqual(['exit-status', 'eof', 'close']);
  });
});

describe('programs', () => {
  it('EOF first and the command later: the command runs', async () => {
    const server = await start();
    const client = await server.login();
    const remote = await client.open();

    client.send(send.channelEof(remote));
    await client.sync();
    client.send(send.exec(remote, 'cat'));

    expect(await follow(client, { remote })).toMatchObject({
      told: ['success', 'exit-status', 'eof', 'close'],
      exitStatus: 0,
    });
  });

  it('command, data and EOF in one go, twenty times', async () => {
    const server = await start();
    const client = await server.login();

    for (let sender = 0; sender < 20; sender += 1) {
      const remote = await client.open({ sender });
      client.send(
        send.exec(remote, 'cat'),
        send.channelData(remote, `text ${String(sender)}`),
        send.channelEof(remote),
      );
      const log = await follow(client, { remote, local: sender });
      expect(log.stdout.toString()).toBe(`text ${String(sender)}`);
      expect(log.told).toEqual(['success', 'data', 'exit-status', 'eof', 'close']);
    }
    await client.sync();
    expect(server.ssh.connections[0]?.channelCount).toBe(0);
  });

  it.each(['exec', 'shell'])('%s decided late: data and EOF that came meanwhile are not lost', async (type) => {
    const gate = deferred<undefined>();
    const slow = decide(
      'SSHChannelRequest',
      decideEach<SSHChannelRequest>('slow', async (verdict) => {
        await gate.promise;
        return verdict;
      }),
    );
    const server = await start({ handlers: [...programs, slow] });
    const client = await server.login();
    const remote = await client.open();
    const data = randomBytes(1_000_000);

    client.send(type === 'exec' ? send.exec(remote, 'cat') : send.shell(remote));
    for (let at = 0; at < data.length; at += 32_000)
      client.send(send.channelData(remote, data.subarray(at, at + 32_000)));
    client.send(send.channelEof(remote));
    await client.sync();
    expect(client.payloads.some((payload) => payload[0] === 99)).toBe(false);
    gate.resolve(undefined);

    const log = await follow(client, { remote });
    expect(log.told).toEqual(['success', 'data', 'exit-status', 'eof', 'close']);
    expect(digest(log.stdout)).toBe(digest(data));
  });

  it('five late requests get five answers, in order', async () => {
    const server = await start();
    const client = await server.login();
    const remote = await run(client, 'wait');

    client.send(
      send.exec(remote, 'cat'),
      send.channelRequest(remote, 'env', true, 'LATE', '1'),
      send.channelRequest(remote, 'keepalive@openssh.com', true),
      send.channelRequest(remote, 'winadj@putty.projects.tartarus.org', true),
      send.channelRequest(remote, 'signal', true, 'INT'),
    );

    const answers = [];
    for (let count = 0; count < 5; count += 1) answers.push((await client.take(99, 100))[0]);
    expect(answers).toEqual([100, 100, 100, 100, 99]);
  });

  it('requests that want no answer get none', async () => {
    const server = await start();
    const client = await server.login();
    const remote = await client.open();

    client.send(send.channelRequest(remote, 'nonsense', false), send.exec(remote, 'exit 3', false));

    expect(await follow(client, { remote })).toMatchObject({ told: ['exit-status', 'eof', 'close'], exitStatus: 3 });
  });

  it('a flood of undecided requests is bounded', async () => {
    const never = decide(
      'SSHChannelRequest',
      decideEach<SSHChannelRequest>('never', () => new Promise(() => undefined)),
    );
    const server = await start({ handlers: [...programs, never], limits: { maxWaitingRequests: 16 } });
    const client = await server.login();
    const remote = await client.open();

    client.send(...Array.from({ length: 17 }, () => send.channelRequest(remote, 'env', true, 'A', 'b')));
    await client.sync();
    client.send(send.channelRequest(remote, 'env', true, 'A', 'b'));
    await client.closed;

    expect(client.goodbye?.reason).toBe(2);
    expect(server.of('SSHChannelRequest')).toHaveLength(1);
  });

  it('what undecided requests hold is bounded over all channels', async () => {
    const never = decide(
      'SSHChannelRequest',
      decideEach<SSHChannelRequest>('never', () => new Promise(() => undefined)),
    );
    const server = await start({ handlers: [...programs, never], limits: { maxWaitingRequestBytes: 5000 } });
    const client = await server.login();
    const channels = [await client.open(), await client.open()];

    // One of each channel is being decided, the others wait: two of 2,000 bytes fit, a third does not.
    const request = (remote: number): Buffer => send.channelRequest(remote, 'env', true, 'A', 'b'.repeat(2000));
    client.send(...channels.flatMap((remote) => [request(remote), request(remote)]));
    await client.sync();
    client.send(request(channels[0] ?? 0));
    await client.closed;

    expect(client.goodbye?.reason).toBe(2);
    expect(server.of('SSHChannelRequest')).toHaveLength(2);
  });

  it.each([
    ['SIGBUS', 128 + 7],
    ['SYS', 128 + 31],
    ['XCPU', 128 + 24],
    ['NONSENSE', 255],
  ])('death by %s, which the RFC cannot name, is exit status %i', async (signal, exitStatus) => {
    const server = await start();
    const client = await server.login();
    const remote = await client.open();

    client.send(send.exec(remote, `die ${signal}`));
    const log = await follow(client, { remote });
    await client.sync();

    expect(log).toMatchObject({ exitStatus, exitSignal: undefined, told: ['success', 'exit-status', 'eof', 'close'] });
    expect(server.of('SSHChannelClosed')).toMatchObject([{ exit: { status: exitStatus } }]);
  });

  it.each(['TERM', 'SIGKILL', 'SEGV', 'USR1'])('death by %s is told as it is', async (signal) => {
    const server = await start();
    const client = await server.login();
    const remote = await client.open();

    client.send(send.exec(remote, `die ${signal}`));
    const log = await follow(client, { remote });

    expect(log).toMatchObject({ exitStatus: undefined, exitSignal: signal.replace('SIG', '') });
  });
});

describe('closing', () => {
  it('is answered, once, and the other channels live on', async () => {
    const server = await start();
    const client = await server.login();
    const first = await run(client, 'wait');
    const second = await run(client, 'cat', { sender: 1 });

    client.send(send.channelClose(first));
    expect((await client.take(97)).readUInt32BE(1)).toBe(0);
    client.send(send.channelData(second, 'still here'), send.channelEof(second));

    expect((await follow(client, { remote: second, local: 1 })).stdout.toString()).toBe('still here');
    expect(client.payloads.filter((it) => it[0] === 97 && it.readUInt32BE(1) === 0)).toHaveLength(1);
  });

  it('twice ends the connection', async () => {
    const server = await start();
    const client = await server.login();
    const remote = await run(client, 'wait');

    client.send(send.channelClose(remote), send.channelClose(remote));
    await client.closed;

    expect(client.goodbye?.reason).toBe(2);
  });

  it('by the server waits for the client’s CLOSE: until then data is dropped, and requests are not answered', async () => {
    const server = await start();
    const client = await server.login();
    const remote = await client.open();
    client.send(send.exec(remote, 'exit 0'));
    await client.take(97);

    client.send(send.channelData(remote, 'late'), send.channelEof(remote), send.exec(remote, 'cat'));
    await client.sync();
    expect(server.ssh.connections[0]?.channelCount).toBe(1);
    client.send(send.channelClose(remote));
    await client.sync();

    expect(server.ssh.connections[0]?.channelCount).toBe(0);
    expect(client.payloads.filter((it) => it[0] === 99 || it[0] === 100)).toHaveLength(1);
    expect(server.errors).toEqual([]);
  });

  it('data behind EOF is dropped', async () => {
    const server = await start();
    const client = await server.login();
    const remote = await run(client, 'cat');

    client.send(
      send.channelData(remote, 'before'),
      send.channelEof(remote),
      send.channelData(remote, 'behind'),
      send.channelEof(remote),
    );

    expect((await follow(client, { remote })).stdout.toString()).toBe('before');
    expect(server.of('SSHChannelEOF')).toHaveLength(1);
  });

  it('while a request is being decided: nothing is answered, nothing runs', async () => {
    const gate = deferred<boolean>();
    let served = 0;
    const server = await start({
      handlers: [
        passwordSecret,
        decide(
          'SSHChannelRequest',
          grantWhen(() => gate.promise),
        ),
        exec('cat', () => {
          served += 1;
        }),
      ],
    });
    const client = await server.login();
    const remote = await client.open();

    client.send(send.exec(remote, 'cat'), send.exec(remote, 'cat'), send.channelClose(remote));
    await client.take(97);
    gate.resolve(true);
    await client.sync();

    expect(served).toBe(0);
    expect(client.payloads.map((it) => it[0]).filter((number) => number === 99 || number === 100)).toEqual([]);
  });
});

describe('terminals', () => {
  const terminal: Service = (session) => JSON.stringify(session.channel.session?.terminal);
  const withTerminal: TestServerOptions = { handlers: [passwordSecret, exec('tty', terminal, { rawOutput: true })] };
  const ptyRequest = (channel: number, modes: Buffer): Buffer =>
    send.channelRequest(channel, 'pty-req', true, 'xterm', [80], [24], [640], [480], [modes.length], modes);

  it('size and modes arrive; unknown opcodes and large values do no harm', async () => {
    const server = await TestServer.start(withTerminal);
    const client = await server.login();
    const remote = await client.open();

    client.send(
      ptyRequest(remote, wireBytes(53, [0], 1, [3], 99, [7], 129, [0xffff_ffff], 200, [1], 0)),
      send.channelRequest(remote, 'window-change', false, [132], [43], [0], [0]),
      send.exec(remote, 'tty'),
    );
    const log = await follow(client, { remote });

    expect(log.told.slice(0, 2)).toEqual(['success', 'data']);
    expect(JSON.parse(log.stdout.toString())).toEqual({
      type: 'xterm',
      columns: 132,
      rows: 43,
      widthPixels: 0,
      heightPixels: 0,
      modes: { ECHO: 0, VINTR: 3, 99: 7, TTY_OP_OSPEED: 0xffff_ffff },
    });
  });

  it('5,000 modes are as good as one', async () => {
    const server = await TestServer.start(withTerminal);
    const client = await server.login();
    const remote = await client.open();
    const flood = Buffer.concat(Array.from({ length: 5000 }, (_, index) => wireBytes(1 + (index % 159), [index])));

    client.send(ptyRequest(remote, flood), send.exec(remote, 'tty'));
    const log = await follow(client, { remote });

    expect(Object.keys((JSON.parse(log.stdout.toString()) as { modes: object }).modes)).toHaveLength(159);
  });

  it('a malformed request for one fails and does no harm', async () => {
    const server = await TestServer.start(withTerminal);
    const client = await server.login();
    const remote = await client.open();

    client.send(send.channelRequest(remote, 'pty-req', true, 'xterm', [80]));
    await client.take(100);
    await client.sync();
  });
});

describe('global requests', () => {
  it('51 that nobody knows get 51 failures, in order with everything else', async () => {
    const server = await start();
    const client = await server.login();

    for (let count = 0; count < 51; count += 1) {
      client.send(send.globalRequest(`unknown-${String(count)}@test`, true));
      if (count % 10 === 0) client.send(Buffer.of(200));
    }
    for (let count = 0; count < 51; count += 1) await client.take(82);

    expect(client.payloads.slice(2).map((payload) => payload[0])).toEqual(
      Array.from({ length: 51 }, (_, count) => (count % 10 === 0 ? [82, 3] : [82])).flat(),
    );
    expect(server.of('SSHGlobalRequest').map(({ requestType }) => requestType)).toEqual(
      Array.from({ length: 51 }, (_, count) => `unknown-${String(count)}@test`),
    );
  });

  it('answers that nobody asked for are dropped', async () => {
    const server = await start();
    const client = await server.login();

    client.send(Buffer.of(81, 1, 2, 3), Buffer.of(82), Buffer.of(81));
    await client.sync();

    expect(server.errors).toEqual([]);
  });

  it('undecided ones are answered in order, and bounded', async () => {
    const gate = deferred<boolean>();
    const server = await start({
      limits: { maxWaitingRequests: 8 },
      handlers: [
        passwordSecret,
        decide(
          'SSHGlobalRequest',
          grantWhen((request) => (request.requestType === 'slow@test' ? gate.promise : false)),
        ),
      ],
    });
    const client = await server.login();

    client.send(send.globalRequest('slow@test', true), send.globalRequest('no@test', true));
    client.send(send.globalRequest('silent@test', false), send.globalRequest('slow@test', true));
    await server.event('SSHGlobalRequest');
    expect(client.payloads.slice(2)).toEqual([]);
    gate.resolve(true);
    for (const number of [81, 82, 81]) await client.take(number);
    expect(client.payloads.slice(2).map((payload) => payload[0])).toEqual([81, 82, 81]);

    const stuck = await start({
      limits: { maxWaitingRequests: 8 },
      handlers: [
        passwordSecret,
        decide(
          'SSHGlobalRequest',
          grantWhen(() => new Promise<never>(() => undefined)),
        ),
      ],
    });
    const flooder = await stuck.login();
    flooder.send(...Array.from({ length: 10 }, () => send.globalRequest('slow@test', true)));
    await flooder.closed;
    expect(flooder.goodbye?.reason).toBe(2);
  });
});
