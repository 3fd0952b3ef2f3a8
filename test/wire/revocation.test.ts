import { filter, map, NEVER, Observable, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';

import {
  decide,
  exec,
  type HandlerFunction,
  type Lease,
  type LeaseSignal,
  routeChannels,
  shell,
  type Session,
  withLease,
} from '../../src/index.js';
import * as send from '../support/wire-client-payloads.js';
import { follow } from '../support/wire-client-session.js';
import type { WireClient } from '../support/wire-client.js';
import { leaseOnRequests, leaseOnSignIn, sleep } from './leased-grants.js';
import { passwordSecret, TestServer } from './test-server.js';

const leaseOnProgram = (lease: Lease): HandlerFunction => leaseOnRequests(['exec', 'shell'], () => lease);

/** Runs until its channel ends, and notes how it was told. */
function sleeper() {
  const told: string[] = [];
  const sleep = (session: Session): Promise<number> =>
    new Promise((resolve) => {
      session.signal.addEventListener('abort', () => {
        told.push((session.signal.reason as Error).message);
        resolve(0);
      });
    });
  return { told, sleep };
}

async function startShell(client: WireClient): Promise<number> {
  const remote = await client.open();
  client.send(send.channelRequest(remote, 'pty-req', true, 'xterm', [80], [24], [640], [480], [0]));
  client.send(send.shell(remote));
  await client.takeFor(0);
  await client.takeFor(0);
  return remote;
}

describe('a revoked grant of a program', () => {
  it('tells the user on the terminal, sends the exit signal and closes, in this order', async () => {
    const revocation = new Subject<LeaseSignal>();
    const { told, sleep } = sleeper();
    const server = await TestServer.start({ handlers: [passwordSecret, leaseOnProgram(revocation), shell(sleep)] });
    const client = await server.login();
    const remote = await startShell(client);

    revocation.next({ type: 'warn', message: 'Five\x07minutes left' });
    revocation.next({ type: 'revoke', reason: 'The office closes', by: 'officeHours' });
    const log = await follow(client, { remote });

    expect(log.stdout.toString()).toBe('\r\nFive minutes left\r\n\r\nThe office closes\r\n');
    expect(log.told).toEqual(['data', 'exit-signal', 'close']);
    expect(log.exitSignal).toBe('TERM');
    expect(told).toEqual(['The office closes']);
  });

  it('shows in Decided and SSHChannelClosed, and leaves the connection and other channels alone', async () => {
    const revocation = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnProgram(revocation), exec('wait', sleep), exec('true', () => 0)],
    });
    const client = await server.login();
    const remote = await client.open();
    client.send(send.exec(remote, 'wait'));
    await client.takeFor(0);
    server.clock.advance(250);
    revocation.next({ type: 'revoke', reason: 'over', by: 'quota' });
    const log = await follow(client, { remote });
    const closed = await server.event('SSHChannelClosed');

    expect(log.stderr.toString()).toBe('over\r\n');
    expect(closed).toMatchObject({ revoked: { by: 'quota', message: 'over' }, exit: { signal: 'TERM' } });
    expect(server.of('Decided').filter(({ outcome }) => outcome === 'revoked')).toEqual([
      expect.objectContaining({
        by: 'quota',
        message: 'over',
        elapsedMs: 250,
        request: expect.objectContaining({ requestType: 'exec' }) as unknown,
      }),
    ]);
    const again = await client.open({ sender: 1 });
    client.send(send.exec(again, 'true'));
    expect((await follow(client, { remote: again, local: 1 })).exitStatus).toBe(0);
  });

  it('lets the program work for the grace that the policy gives', async () => {
    const revocation = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        leaseOnProgram(revocation),
        exec('save', async (session: Session) => {
          await new Promise((resolve) => {
            session.signal.addEventListener('abort', resolve);
          });
          await session.write('saved\n');
          await new Promise(() => undefined);
        }),
      ],
    });
    const client = await server.login();
    const remote = await client.open();
    client.send(send.exec(remote, 'save'));
    await client.takeFor(0);
    revocation.next({ type: 'revoke', reason: 'over', graceMs: 2000 });
    const log = follow(client, { remote });
    await client.sync();
    expect(server.of('SSHChannelClosed')).toEqual([]);
    server.clock.advance(2000);

    expect(await log).toMatchObject({ told: ['stderr', 'exit-signal', 'data', 'close'] });
    expect((await log).stdout.toString()).toBe('saved\n');
  });

  it('cuts a client off that does not read the last words', async () => {
    const revocation = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnProgram(revocation), exec('wait', sleep)],
    });
    const client = await server.login();
    const remote = await client.open({ window: 0 });
    client.send(send.exec(remote, 'wait'));
    await client.takeFor(0);
    revocation.next({ type: 'revoke', reason: 'over', graceMs: 1000 });
    server.clock.advance(6000);

    expect((await follow(client, { remote, reads: false })).told.at(-1)).toBe('close');
  });

  it('ends a forward at once, with what waits on it, and says why in a debug message', async () => {
    const revocation = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        decide('SSHChannelOpenRequest', (verdict$) =>
          verdict$.pipe(
            routeChannels({ 'tunnel@test': (channel) => channel.stream.write(Buffer.alloc(100_000)) }),
            map((verdict) => withLease(verdict, revocation)),
          ),
        ),
      ],
    });
    const client = await server.login();
    const remote = await client.open({ type: 'tunnel@test', window: 10 });
    revocation.next({ type: 'revoke', reason: 'the lock' });
    const log = await follow(client, { remote, reads: false });

    expect(log.told).toEqual(['data', 'close']);
    expect(client.payloads.some((payload) => payload[0] === 4 && payload.includes('the lock'))).toBe(true);
  });
});

describe('a revoked grant of a connection', () => {
  it('tells every session, ends its programs, and disconnects with the reason once they are closed', async () => {
    const revocation = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnSignIn(revocation), exec('wait', sleep), shell(sleep)],
    });
    const client = await server.login();
    const first = await startShell(client);
    const second = await client.open({ sender: 1 });
    client.send(send.exec(second, 'wait'));
    await client.takeFor(1);

    revocation.next({ type: 'warn', message: 'soon' });
    revocation.next({ type: 'revoke', reason: 'locked by the operator', by: 'lock' });
    const [terminal, plain] = [
      await follow(client, { remote: first }),
      await follow(client, { remote: second, local: 1 }),
    ];

    expect(terminal.stdout.toString()).toBe('\r\nsoon\r\n\r\nlocked by the operator\r\n');
    expect(plain.stderr.toString()).toBe('soon\r\nlocked by the operator\r\n');
    expect([terminal.exitSignal, plain.exitSignal]).toEqual(['TERM', 'TERM']);
    await client.closed;
    expect(client.goodbye?.description).toBe('locked by the operator');
    expect(await server.event('Disconnected')).toMatchObject({
      by: 'server',
      revoked: { by: 'lock', message: 'locked by the operator' },
    });
    expect(server.of('Decided').filter(({ outcome }) => outcome === 'revoked')).toHaveLength(1);
  });

  it('refuses whatever is asked meanwhile', async () => {
    const revocation = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnSignIn(revocation), exec('wait', sleep)],
    });
    const client = await server.login();
    const remote = await client.open();
    client.send(send.exec(remote, 'wait'));
    await client.takeFor(0);
    revocation.next({ type: 'revoke', reason: 'locked', graceMs: 1000 });
    client.send(send.channelOpen({ sender: 7 }));
    await client.take(92);

    expect(server.of('Decided').at(-1)).toMatchObject({ outcome: 'denied', reason: 'revoked' });
    server.clock.advance(1000);
    await follow(client, { remote });
    await client.closed;
  });

  it('disconnects at once where no channel is open', async () => {
    const revocation = new Subject<LeaseSignal>();
    const server = await TestServer.start({ handlers: [passwordSecret, leaseOnSignIn(revocation)] });
    const client = await server.login();
    revocation.next({ type: 'revoke', reason: 'locked' });

    await client.closed;
    expect(client.goodbye?.description).toBe('locked');
  });

  it('disconnects when the grace and the time for last words are over, whatever the client does', async () => {
    const revocation = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnSignIn(revocation), exec('wait', sleep)],
    });
    const client = await server.login();
    const remote = await client.open();
    client.send(send.exec(remote, 'wait'));
    await client.takeFor(0);
    revocation.next({ type: 'revoke', reason: 'locked' });
    await client.sync();
    server.clock.advance(5000);

    await client.closed;
    expect(client.goodbye?.description).toBe('locked');
  });
});

describe('a warning', () => {
  it('goes into a debug message where nobody looks at a session', async () => {
    const lease = new Subject<LeaseSignal>();
    const server = await TestServer.start({ handlers: [passwordSecret, leaseOnSignIn(lease)] });
    const client = await server.login();
    lease.next({ type: 'warn', message: 'five minutes left' });
    await client.sync();

    expect(client.payloads.some((payload) => payload[0] === 4 && payload.includes('five minutes left'))).toBe(true);
  });
});

describe('what a lease is held for', () => {
  it('counts the payload of a connection over all its channels, closed ones included, and says when it moves', async () => {
    const seen: string[] = [];
    const lease: Lease = (held) => {
      seen.push(`${held.kind} of ${String(held.connection.identity?.user)}`);
      return held.activity.pipe(
        map((bytes) => `${String(bytes)}: ${String(held.bytesReceived)} in, ${String(held.bytesSent)} out`),
        map((line) => seen.push(line)),
        filter((_count): _count is never => false),
      );
    };
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnSignIn(lease), exec('hello', () => 'hello')],
    });
    const client = await server.login();
    for (const local of [0, 1]) {
      const remote = await client.open({ sender: local });
      client.send(send.exec(remote, 'hello'));
      await follow(client, { remote, local });
    }

    expect(seen).toEqual(['connection of ann', '5: 0 in, 5 out', '5: 0 in, 10 out']);
  });

  it('is let go with the connection, the leases of its channels too', async () => {
    let held = 0;
    const lease: Lease = new Observable(() => {
      held += 1;
      return () => {
        held -= 1;
      };
    });
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnSignIn(lease), leaseOnProgram(lease), exec('wait', () => NEVER)],
    });
    const client = await server.login();
    const remote = await client.open();
    client.send(send.exec(remote, 'wait'));
    await client.takeFor(0);
    expect(held).toBe(2);
    client.destroy();
    await server.event('Disconnected');

    expect(held).toBe(0);
  });
});

describe('a narrowed grant', () => {
  it('sends as fast as its lease allows, and ends all the same when it is revoked', async () => {
    const lease = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        leaseOnSignIn(lease),
        exec('flood', (session: Session) => {
          session.stdout.write(Buffer.alloc(1_000_000));
          return NEVER;
        }),
      ],
    });
    const client = await server.login();
    lease.next({ type: 'narrow', sendBytesPerSecond: 10_000 });
    const remote = await client.open({ window: 2_000_000 });
    client.send(send.exec(remote, 'flood'));
    await client.takeFor(0);
    await client.sync();
    const sent = client.payloads.filter(([number]) => number === 94).reduce((sum, { length }) => sum + length - 9, 0);
    expect(sent).toBeLessThanOrEqual(10_000);
    lease.next({ type: 'revoke', reason: 'over' });
    const log = await follow(client, { remote });

    expect(log.stderr.toString()).toBe('over\r\n');
  });
});
