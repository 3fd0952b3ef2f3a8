import { map, NEVER, Observable, of, Subject, tap, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';

import {
  challenge,
  type Channel,
  decide,
  exec,
  grant,
  type HandlerFunction,
  type Lease,
  type LeaseSignal,
  routeChannels,
  type SSHChannelOpenRequest,
  type SSHChannelRequest,
  type SSHGlobalRequest,
  type Verdict,
  withLease,
} from '../../src/index.js';
import { later } from '../support/later.js';
import * as send from '../support/wire-client-payloads.js';
import { follow } from '../support/wire-client-session.js';
import type { WireClient } from '../support/wire-client.js';
import { leaseOnRequests, leaseOnSignIn, sleep } from './leased-grants.js';
import { passwordSecret, TestServer } from './test-server.js';

/** Counts how often a lease is held at this moment. */
function counted(): { readonly held: () => number; readonly lease: () => Lease } {
  let held = 0;
  return {
    held: () => held,
    lease: () =>
      new Observable(() => {
        held += 1;
        return () => {
          held -= 1;
        };
      }),
  };
}

async function startWaiting(client: WireClient, local = 0): Promise<number> {
  const remote = await client.open({ sender: local });
  client.send(send.exec(remote, 'wait'));
  await client.takeFor(local);
  return remote;
}

const revokedAtOnce: Lease = of({ type: 'revoke', reason: 'not today' });

describe('a lease that revokes at once', () => {
  it('keeps a channel from being served that its policy has just opened', async () => {
    const served: string[] = [];
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        decide('SSHChannelOpenRequest', (verdict$) =>
          verdict$.pipe(
            routeChannels({ 'tunnel@test': (channel: Channel) => served.push(channel.type) }),
            map((verdict) => withLease(verdict, revokedAtOnce)),
          ),
        ),
      ],
    });
    const client = await server.login();
    const remote = await client.open({ type: 'tunnel@test' });
    expect((await follow(client, { remote })).told).toEqual(['close']);

    expect(served).toEqual([]);
    expect((await server.event('SSHChannelClosed')).revoked).toEqual({ by: 'routeChannels', message: 'not today' });
    const order = ['SSHChannelOpened', 'SSHChannelClosed'];
    expect(server.events.map(({ type }) => type).filter((type) => order.includes(type))).toEqual(order);
  });

  it('ends a program before it runs, and tells its user why', async () => {
    const ran: string[] = [];
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        leaseOnRequests(['exec'], () => revokedAtOnce),
        exec('wait', (session) => {
          ran.push(session.user);
          return sleep(session);
        }),
      ],
    });
    const client = await server.login();
    const remote = await client.open();
    client.send(send.exec(remote, 'wait'));
    const log = await follow(client, { remote });

    expect(log.stderr.toString()).toBe('not today\r\n');
    expect(log.told.at(-1)).toBe('close');
    expect(ran).toEqual([]);
  });

  it('refuses the global request it came with', async () => {
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        exec('wait', sleep),
        decide(
          'SSHGlobalRequest',
          map((verdict) =>
            withLease<SSHGlobalRequest>(
              grant<SSHGlobalRequest>(verdict, verdict.request, 'forward'),
              of({ type: 'revoke', reason: 'no forwards', graceMs: 1000 } as const),
            ),
          ),
        ),
      ],
    });
    const client = await server.login();
    await startWaiting(client);
    client.send(send.globalRequest('tcpip-forward', true, '127.0.0.1', [0]));

    expect((await client.take(81, 82))[0]).toBe(82);
    server.clock.advance(10_000);
    await client.closed;
  });
});

describe('what is decided while a grant is being taken back', () => {
  async function revokedConnection(handlers: readonly HandlerFunction[]) {
    const revocation = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnSignIn(revocation), exec('wait', sleep), ...handlers],
    });
    const client = await server.login();
    const remote = await startWaiting(client);
    const revoke = (): void => {
      revocation.next({ type: 'revoke', reason: 'locked', graceMs: 1000 });
    };
    const finish = async (): Promise<void> => {
      server.clock.advance(10_000);
      await client.closed;
    };
    return { server, client, remote, revoke, finish };
  }

  it('opens no channel, though its policies would have', async () => {
    const { answers, policy } = later<SSHChannelOpenRequest>({
      isMeant: ({ channelType }) => channelType !== 'session',
    });
    const served: string[] = [];
    const { server, client, revoke, finish } = await revokedConnection([
      decide('SSHChannelOpenRequest', (verdict$) =>
        verdict$.pipe(policy, routeChannels({ 'tunnel@test': ({ type }: Channel) => served.push(type) })),
      ),
    ]);
    client.send(send.channelOpen({ sender: 7, type: 'tunnel@test' }));
    await client.sync();
    revoke();
    answers[0]?.();

    expect((await client.take(91, 92))[0]).toBe(92);
    expect(served).toEqual([]);
    expect(server.of('Decided').at(-1)).toMatchObject({ outcome: 'denied', by: 'revocation', reason: 'revoked' });
    await finish();
  });

  it('starts no program', async () => {
    const { answers, policy } = later<SSHChannelRequest>({
      isMeant: ({ detail }) => detail.type === 'exec' && detail.command === 'late',
    });
    const { server, client, revoke, finish } = await revokedConnection([
      decide('SSHChannelRequest', policy),
      exec('late', sleep),
    ]);
    const second = await client.open({ sender: 1 });
    client.send(send.exec(second, 'late'));
    await client.sync();
    revoke();
    answers[0]?.();
    await client.sync();

    expect(client.payloads.some((payload) => payload[0] === 99 && payload.readUInt32BE(1) === 1)).toBe(false);
    expect(server.of('Decided').at(-2)).toMatchObject({ outcome: 'denied', by: 'revocation', reason: 'revoked' });
    await finish();
  });

  it('grants no global request', async () => {
    const { client, revoke, finish } = await revokedConnection([
      decide(
        'SSHGlobalRequest',
        map((verdict) =>
          verdict.request.requestType === 'sync@test'
            ? verdict
            : grant<SSHGlobalRequest>(verdict, verdict.request, 'forward'),
        ),
      ),
    ]);
    revoke();
    client.send(send.globalRequest('tcpip-forward', true, '127.0.0.1', [0]));

    expect((await client.take(81, 82))[0]).toBe(82);
    await finish();
  });

  it('ends at the shorter of two graces if a channel and its connection are revoked', async () => {
    const program = new Subject<LeaseSignal>();
    const connection = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        leaseOnSignIn(connection),
        leaseOnRequests(['exec'], () => program),
        exec('wait', () => NEVER),
      ],
    });
    const client = await server.login();
    const remote = await startWaiting(client);
    program.next({ type: 'revoke', reason: 'in an hour', by: 'quota', graceMs: 3_600_000 });
    connection.next({ type: 'revoke', reason: 'now', by: 'lock' });
    const log = await follow(client, { remote });
    await client.closed;

    expect(log.stderr.toString()).toBe('in an hour\r\nnow\r\n');
    expect(client.goodbye?.description).toBe('now');
    expect(server.of('SSHChannelClosed')).toMatchObject([{ revoked: { by: 'quota' } }]);
  });

  it('names the revocation even if an observer of it ends the connection', async () => {
    const lease = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnRequests(['exec'], () => lease), exec('wait', sleep)],
    });
    server.ssh.events.Decided.subscribe(({ outcome, connection }) => {
      if (outcome === 'revoked') server.ssh.connection(connection.id)?.disconnect('seen enough');
    });
    const client = await server.login();
    await startWaiting(client);
    lease.next({ type: 'revoke', reason: 'over', by: 'quota' });
    await client.closed;

    expect(server.of('SSHChannelClosed')).toMatchObject([{ revoked: { by: 'quota', message: 'over' } }]);
  });
});

describe('a lease written in JavaScript', () => {
  it.each<readonly [string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'revoke'],
    ['an unknown signal', { type: 'pause' }],
    ['a revocation without a reason', { type: 'revoke' }],
    ['a revocation by nobody', { type: 'revoke', reason: 'over', by: 7 }],
    ['a grace that is no number', { type: 'revoke', reason: 'over', graceMs: 'soon' }],
    ['a warning that is no text', { type: 'warn', message: 5 }],
    ['a rate that is no number', { type: 'narrow', sendBytesPerSecond: '10' }],
  ])('that emits %s takes the grant back, says so, and harms nobody else', async (_what, signal) => {
    const lease = new Subject<LeaseSignal>();
    const server = await TestServer.start({ handlers: [passwordSecret, leaseOnSignIn(lease)] });
    const client = await server.login();
    lease.next(signal as LeaseSignal);
    await client.closed;

    expect(client.goodbye?.description).toBe('the permission can no longer be confirmed');
    expect(server.errors).toMatchObject([{ error: { code: 'ERR_SSH_POLICY_FAILED' } }]);
    await server.servesTheNext();
  });

  it('that errors takes the grant back, and the failure is told of', async () => {
    const cause = new Error('the directory is gone');
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnSignIn(throwError(() => cause))],
    });
    const client = await server.connect();
    await expect(client.login())
      .resolves.toBe(client)
      .catch(() => undefined);
    await client.closed;

    expect(client.goodbye?.description).toBe('the permission can no longer be confirmed');
    expect(server.errors).toMatchObject([{ error: { code: 'ERR_SSH_POLICY_FAILED', cause } }]);
  });

  it.each([Number.NaN, -1, 0])('may give a grace of %d ms, which is none', async (graceMs) => {
    const lease = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnSignIn(lease), exec('wait', () => NEVER)],
    });
    const client = await server.login();
    const remote = await startWaiting(client);
    lease.next({ type: 'revoke', reason: 'over', graceMs });
    await follow(client, { remote });
    await client.closed;

    expect(client.goodbye?.description).toBe('over');
  });

  it('may give a grace that no timer can wait for', async () => {
    const lease = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnSignIn(lease), exec('wait', () => NEVER)],
    });
    const client = await server.login();
    const remote = await startWaiting(client);
    lease.next({ type: 'revoke', reason: 'over', graceMs: Infinity });
    await client.sync();
    const days = 24 * 3_600_000;
    server.clock.advance(24 * days - 1);
    expect(server.of('SSHChannelClosed')).toEqual([]);
    server.clock.advance(1);

    expect((await follow(client, { remote })).told.at(-1)).toBe('close');
    await client.closed;
  });
});

describe('a revocation', () => {
  it('in a key exchange that the client does not finish ends the connection all the same', async () => {
    const lease = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnSignIn(lease), exec('wait', sleep)],
      keyExchangeTimeoutMs: 60_000,
    });
    const client = await server.login();
    await startWaiting(client);
    client.stream.pause();
    server.ssh.connections[0]?.exchangeKeys();
    server.clock.advance(0);
    lease.next({ type: 'revoke', reason: 'over', by: 'lock' });
    server.clock.advance(5000);

    expect(server.of('Disconnected')).toMatchObject([{ by: 'server', revoked: { by: 'lock', message: 'over' } }]);
    client.stream.resume();
    await client.closed;
  });

  it('in a key exchange reaches the user once the exchange is over', async () => {
    const lease = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnRequests(['exec'], () => lease), exec('wait', sleep)],
    });
    const client = await server.login();
    const remote = await startWaiting(client);
    server.ssh.connections[0]?.exchangeKeys();
    server.clock.advance(0);
    lease.next({ type: 'revoke', reason: 'over' });
    const log = await follow(client, { remote });

    expect(log.stderr.toString()).toBe('over\r\n');
    // Though the program ended by itself as soon as it was told to.
    expect(log.told).toEqual(['stderr', 'exit-signal', 'eof', 'close']);
    expect(client.exchanges).toBe(2);
  });

  it.each([
    ['EOF', (remote: number) => send.channelEof(remote)],
    ['CLOSE', (remote: number) => send.channelClose(remote)],
  ])('behind the %s of the client ends the channel once', async (_what, farewell) => {
    const lease = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnRequests(['exec'], () => lease), exec('wait', () => NEVER)],
    });
    const client = await server.login();
    const remote = await startWaiting(client);
    client.send(farewell(remote));
    await client.sync();
    lease.next({ type: 'revoke', reason: 'over' });
    lease.next({ type: 'revoke', reason: 'once more' });
    for (;;) {
      const [number] = await client.takeFor(0);
      if (number === 97) break;
    }
    if (server.of('SSHChannelClosed').length === 0) client.send(send.channelClose(remote));
    await client.sync();

    expect(server.of('SSHChannelClosed')).toHaveLength(1);
    expect(server.of('Decided').filter(({ outcome }) => outcome === 'revoked').length).toBeLessThanOrEqual(1);
    expect(lease.observed).toBe(false);
  });

  it('that brings about the one of its connection ends both, in the name of the wider one', async () => {
    const program = new Subject<LeaseSignal>();
    const connection = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        leaseOnSignIn(connection),
        leaseOnRequests(
          ['exec'],
          () =>
            new Observable<LeaseSignal>((subscriber) => {
              subscriber.add(program.subscribe(subscriber));
              subscriber.add(() => {
                connection.next({ type: 'revoke', reason: 'all of it', by: 'outer' });
              });
            }),
        ),
        exec('wait', sleep),
      ],
    });
    const client = await server.login();
    const remote = await startWaiting(client);
    program.next({ type: 'revoke', reason: 'the program', by: 'inner' });
    await follow(client, { remote });
    await client.closed;

    expect(client.goodbye?.description).toBe('all of it');
    expect(server.of('Decided').filter(({ outcome }) => outcome === 'revoked')).toMatchObject([
      { by: 'outer', request: { type: 'SSHUserAuthRequest' } },
    ]);
  });

  it('while the server shuts down ends the session before its time', async () => {
    const lease = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnRequests(['exec'], () => lease), exec('wait', sleep)],
    });
    const client = await server.login();
    const remote = await startWaiting(client);
    const stopped = server.ssh.shutdown({ graceMs: 60_000 });
    lease.next({ type: 'revoke', reason: 'over' });

    expect((await follow(client, { remote })).stderr.toString()).toBe('over\r\n');
    await stopped;
    expect(server.events.at(-1)).toMatchObject({ type: 'Disconnected', description: 'the server is shutting down' });
  });
});

describe('a success that cannot be told', () => {
  it('signs nobody in, and frees the place of the connection', async () => {
    const server = await TestServer.start({ admission: { maxStartups: 1 } });
    const client = await server.connect();
    await client.exchanged();
    client.send(send.serviceRequest());
    await client.take(6);
    client.stream.pause();
    server.ssh.connections[0]?.exchangeKeys();
    server.clock.advance(0);
    // One answer more than may wait for the end of the exchange.
    const asks = Array.from({ length: 1024 }, () => send.serviceRequest());
    client.send(...asks, send.authPassword('secret'));
    await server.event('Disconnected');

    expect(server.events.at(-1)?.type).toBe('Disconnected');
    expect(server.of('Disconnected')).toMatchObject([{ reason: 'KEY_EXCHANGE_FAILED' }]);
    client.destroy();
    await server.servesTheNext();
  });
});

describe('the leases of a channel', () => {
  it('are not held for a request that the protocol refuses', async () => {
    const { held, lease } = counted();
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnRequests(['pty-req'], lease), exec('wait', sleep)],
    });
    const client = await server.login();
    const remote = await client.open();
    const pty = send.channelRequest(remote, 'pty-req', true, 'xterm', [80], [24], [640], [480], [0]);
    const replies: (number | undefined)[] = [];
    for (let count = 0; count < 3; count += 1) {
      client.send(pty);
      replies.push((await client.take(99, 100))[0]);
    }

    expect(replies).toEqual([99, 100, 100]);
    expect(held()).toBe(1);
  });

  it('are bounded, however many small requests a client makes', async () => {
    const { held, lease } = counted();
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        leaseOnRequests(['env'], lease),
        decide(
          'SSHChannelRequest',
          map((verdict) => grant<SSHChannelRequest>(verdict, verdict.request, 'everything')),
          { source: 'everything' },
        ),
      ],
    });
    const client = await server.login();
    const remote = await client.open();
    let granted = 0;
    for (let count = 0; count < 400; count += 1) {
      client.send(send.channelRequest(remote, 'env', true, 'LANG', 'C'));
      if ((await client.take(99, 100))[0] === 99) granted += 1;
    }

    expect(held()).toBe(granted);
    expect(granted).toBeLessThan(260);
    expect(granted).toBeGreaterThan(200);
    expect(server.of('Decided').at(-1)).toMatchObject({ outcome: 'denied', reason: 'limit-reached' });
  });

  it('count once where every request has the same one', async () => {
    const { held, lease } = counted();
    const same = lease();
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        leaseOnRequests(['env'], () => same),
        decide(
          'SSHChannelRequest',
          map((verdict) => grant<SSHChannelRequest>(verdict, verdict.request, 'everything')),
          { source: 'everything' },
        ),
      ],
    });
    const client = await server.login();
    const remote = await client.open();
    for (let count = 0; count < 400; count += 1) {
      client.send(send.channelRequest(remote, 'env', true, 'LANG', 'C'));
      expect((await client.take(99, 100))[0]).toBe(99);
    }

    expect(held()).toBe(1);
  });
});

describe('the leases of a connection', () => {
  it('are bounded, however many global requests a client makes', async () => {
    const { held, lease } = counted();
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        decide(
          'SSHGlobalRequest',
          map((verdict) =>
            withLease<SSHGlobalRequest>(grant<SSHGlobalRequest>(verdict, verdict.request, 'everything'), lease()),
          ),
        ),
      ],
    });
    const client = await server.login();
    let granted = 0;
    for (let count = 0; count < 400; count += 1) {
      client.send(send.globalRequest('keepalive@openssh.com', true));
      if ((await client.take(81, 82))[0] === 81) granted += 1;
    }

    expect(held()).toBe(granted);
    expect(granted).toBeLessThan(260);
    expect(granted).toBeGreaterThan(200);
  });
});

describe('Disconnected', () => {
  it('comes last, even if an observer of a request that is ruled out ends the connection', async () => {
    const lease = new Subject<LeaseSignal>();
    const server = await TestServer.start({
      handlers: [passwordSecret, leaseOnSignIn(lease), exec('wait', sleep)],
    });
    const client = await server.login();
    await startWaiting(client);
    lease.next({ type: 'revoke', reason: 'locked', graceMs: 1000 });
    server.ssh.events.SSHChannelOpenRequest.subscribe(({ connection }) => {
      server.ssh.connection(connection.id)?.disconnect('seen enough');
    });
    client.send(send.channelOpen({ sender: 7 }));
    await client.closed;

    expect(server.events.at(-1)?.type).toBe('Disconnected');
  });

  it('comes last, even if an observer of a failed policy ends the connection', async () => {
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        decide(
          'SSHChannelOpenRequest',
          map((verdict): Verdict<SSHChannelOpenRequest> => ({
            state: 'denied',
            request: verdict.request,
            by: 'door',
            reason: 'policy-failed',
            cause: new Error('no disk'),
          })),
        ),
      ],
    });
    server.ssh.events.Error.pipe(
      tap(({ connection }) => {
        if (connection !== undefined) server.ssh.connection(connection.id)?.disconnect('seen enough');
      }),
    ).subscribe();
    const client = await server.login();
    client.send(send.channelOpen());
    await client.closed;

    expect(server.events.at(-1)?.type).toBe('Disconnected');
  });
});

describe('a grant that is no sign-in yet', () => {
  it('is marked in the audit trail', async () => {
    const server = await TestServer.start({
      authMethods: ['password', 'keyboard-interactive'],
      handlers: [
        passwordSecret,
        decide(
          'SSHUserAuthRequest',
          map((verdict) => {
            const { request } = verdict;
            if (request.method !== 'keyboard-interactive' || request.stage !== 'started') return verdict;
            return challenge(verdict, request, { prompts: [{ text: 'Code: ' }] }, 'otp');
          }),
        ),
      ],
    });
    const client = await server.connect();
    await client.exchanged();
    client.send(send.serviceRequest(), send.authMethod('keyboard-interactive', '', ''));
    await client.take(60);
    client.send(send.authPassword('secret'));
    await client.take(52);

    const granted = server.of('Decided').filter(({ request }) => request.type === 'SSHUserAuthRequest');
    expect(granted).toMatchObject([{ outcome: 'granted', provisional: true }, { outcome: 'granted' }]);
    expect(granted[1]).not.toHaveProperty('provisional');
  });
});

describe('text for a user', () => {
  it('is one line that shows in the order in which it was written', async () => {
    const lease = new Subject<LeaseSignal>();
    const server = await TestServer.start({ handlers: [passwordSecret, leaseOnSignIn(lease)] });
    const client = await server.login();
    lease.next({ type: 'revoke', reason: 'your \u202Eaccess\u2028\u001B[2Jis\u009Bover\u2069' });
    await client.closed;

    expect(client.goodbye?.description).toBe('your access [2Jis over');
  });
});
