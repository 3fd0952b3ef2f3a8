import { EMPTY, map, merge, mergeMap, NEVER, Observable, of, Subject, take } from 'rxjs';
import { describe, expect, it } from 'vitest';

import {
  decide,
  denyWhen,
  decideEach,
  deny,
  DenyReason,
  exec,
  grant,
  type HandlerFunction,
  type Lease,
  type LeaseSignal,
  on,
  type Policy,
  serveWith,
  type Service,
  type SSHChannelRequest,
  type SSHUserAuthRequest,
  type Verdict,
  withLease,
} from '../../src/index.js';
import { drain } from '../support/drain.js';
import type { WireClient } from '../support/wire-client.js';
import * as send from '../support/wire-client-payloads.js';
import { follow } from '../support/wire-client-session.js';
import { passwordSecret, TestServer } from './test-server.js';

type AuthPolicy = Policy<SSHUserAuthRequest>;
type AuthVerdict = Verdict<SSHUserAuthRequest>;

/** Misbehaves for the user `mallory` and lets everybody else pass. */
const forMallory =
  (misbehave: (verdict: AuthVerdict) => Observable<AuthVerdict>): AuthPolicy =>
  (verdict$) =>
    verdict$.pipe(mergeMap((verdict) => (verdict.request.user === 'mallory' ? misbehave(verdict) : of(verdict))));

const authoriseBehind = (policy: AuthPolicy, source = 'Desk.faulty'): readonly HandlerFunction[] => [
  passwordSecret,
  decide('SSHUserAuthRequest', policy, { phase: 'authorize', source }),
];

/** Tries to sign in. @returns whether it worked */
async function signsIn(server: TestServer, user: string): Promise<boolean> {
  const client = await server.connect();
  await client.exchanged();
  client.send(send.serviceRequest(), send.authPassword('secret', user));
  return (await client.take(51, 52))[0] === 52;
}

const lease: Lease = NEVER;
const grantedWithLease = decide(
  'SSHUserAuthRequest',
  map((verdict) =>
    verdict.request.method === 'password'
      ? withLease(grant<SSHUserAuthRequest>(verdict, verdict.request, 'first'), lease)
      : verdict,
  ),
);

describe('a policy that', () => {
  const explode = (): never => {
    throw new Error('the database is on fire');
  };

  it.each<readonly [string, AuthPolicy]>([
    ['throws', map((verdict) => (verdict.request.user === 'mallory' ? explode() : verdict))],
    [
      'throws in its own callback',
      decideEach('callback', (verdict) => (verdict.request.user === 'mallory' ? explode() : verdict)),
    ],
    ['rejects', decideEach('async', async (verdict) => (verdict.request.user === 'mallory' ? explode() : verdict))],
    [
      'throws later',
      forMallory(
        () =>
          new Observable((subscriber) => {
            void Promise.resolve().then(() => {
              subscriber.error(new Error('the database is on fire'));
            });
          }),
      ),
    ],
    [
      'errors',
      (verdict$) =>
        verdict$.pipe(
          mergeMap((verdict) =>
            verdict.request.user === 'mallory'
              ? new Observable<AuthVerdict>((it) => {
                  it.error(new Error('the database is on fire'));
                })
              : of(verdict),
          ),
        ),
    ],
  ])('%s denies what it held, is reported by name, and lives on', async (_what, policy) => {
    const server = await TestServer.start({ handlers: authoriseBehind(policy) });

    for (let round = 1; round <= 2; round += 1) {
      expect(await signsIn(server, 'mallory')).toBe(false);
      expect(server.errors).toHaveLength(round);
      expect(server.errors[round - 1]).toMatchObject({
        source: 'Desk.faulty',
        error: { code: 'ERR_SSH_POLICY_FAILED' },
      });
      expect(server.errors[round - 1]?.error.message).toMatch(/Desk\.faulty.*the database is on fire/);
      expect(server.of('Decided').at(-1)).toMatchObject({
        outcome: 'denied',
        reason: 'policy-failed',
        source: 'Desk.faulty',
      });
      expect(await signsIn(server, 'ann')).toBe(true);
    }
  });

  it('completes denies from then on, and says so once', async () => {
    const server = await TestServer.start({ handlers: authoriseBehind(take(1)) });

    expect(await signsIn(server, 'ann')).toBe(true);
    expect(await signsIn(server, 'ann')).toBe(false);
    expect(await signsIn(server, 'bob')).toBe(false);

    expect(server.errors).toHaveLength(1);
    expect(server.errors[0]).toMatchObject({ source: 'Desk.faulty', error: { code: 'ERR_SSH_POLICY_FAILED' } });
    expect(server.errors[0]?.error.message).toContain('completed');
  });

  it('completes before it was asked anything denies everything', async () => {
    const server = await TestServer.start({ handlers: authoriseBehind(() => EMPTY) });

    expect(await signsIn(server, 'ann')).toBe(false);
    expect(server.errors).toHaveLength(1);
  });

  it('never answers is waited for until the deadline, and others are not kept waiting', async () => {
    const server = await TestServer.start({
      handlers: authoriseBehind(forMallory(() => NEVER)),
      decisionDeadlineMs: 7000,
    });
    const silent = signsIn(server, 'mallory');
    await server.event('SSHUserAuthRequest');

    expect(await signsIn(server, 'ann')).toBe(true);
    server.clock.advance(6999);
    expect(server.errors).toEqual([]);
    server.clock.advance(1);

    expect(await silent).toBe(false);
    expect(server.errors).toMatchObject([{ source: 'Desk.faulty', error: { code: 'ERR_SSH_POLICY_FAILED' } }]);
    expect(server.errors[0]?.error.message).toContain('did not answer within 7000 ms');
    expect(server.of('Decided').at(-1)).toMatchObject({ reason: 'policy-silent', elapsedMs: 7000 });
  });

  it('answers after the deadline changes nothing any more', async () => {
    let answer = (): void => undefined;
    const late = forMallory(
      (verdict) =>
        new Observable((subscriber) => {
          answer = () => {
            subscriber.next(verdict);
          };
        }),
    );
    const server = await TestServer.start({ handlers: authoriseBehind(late) });
    const silent = signsIn(server, 'mallory');
    await server.event('SSHUserAuthRequest');
    server.clock.advance(30_000);
    expect(await silent).toBe(false);

    answer();

    expect(server.of('Decided').filter(({ request }) => request.type === 'SSHUserAuthRequest')).toHaveLength(1);
    expect(server.ssh.connections[0]?.identity).toBeUndefined();
  });

  it('emits twice is heard once: its first word counts', async () => {
    const twice = forMallory((verdict) => of(deny(verdict, 'twice', DenyReason.NotPermitted), verdict));
    const server = await TestServer.start({ handlers: authoriseBehind(twice) });

    expect(await signsIn(server, 'mallory')).toBe(false);
    expect(server.of('Decided').at(-1)).toMatchObject({ by: 'twice', reason: 'not-permitted' });
    expect(await signsIn(server, 'ann')).toBe(true);
  });

  it.each<readonly [string, RegExp, AuthPolicy]>([
    [
      'drops leases',
      /dropped a lease/,
      forMallory((verdict) => of(verdict.state === 'granted' ? { ...verdict, leases: [] } : verdict)),
    ],
    [
      'takes a grant back without a word',
      /took a grant back/,
      forMallory(({ request, ...verdict }) =>
        of({ state: 'open', request, leases: 'leases' in verdict ? verdict.leases : [] }),
      ),
    ],
    // Only JavaScript gets these past the compiler.
    ['forgets to return', /is no verdict/, forMallory(() => of(undefined as unknown as AuthVerdict))],
    [
      'makes up a state',
      /is no verdict/,
      forMallory((verdict) => of({ ...verdict, state: 'allowed' } as unknown as AuthVerdict)),
    ],
    [
      'makes up a verdict',
      /is no verdict/,
      forMallory(({ request }) => of({ state: 'granted', request, by: 'me' } as unknown as AuthVerdict)),
    ],
  ])('%s denies and is reported by name', async (_what, message, policy) => {
    const server = await TestServer.start({
      handlers: [grantedWithLease, decide('SSHUserAuthRequest', policy, { phase: 'authorize', source: 'Desk.faulty' })],
    });

    expect(await signsIn(server, 'mallory')).toBe(false);
    expect(server.errors).toMatchObject([{ source: 'Desk.faulty', error: { code: 'ERR_SSH_POLICY_FAILED' } }]);
    expect(server.errors[0]?.error.message).toMatch(message);
    expect(await signsIn(server, 'ann')).toBe(true);
  });

  it('revives what an earlier one denied is not even asked', async () => {
    let asked = 0;
    const server = await TestServer.start({
      handlers: [
        decide(
          'SSHUserAuthRequest',
          denyWhen(() => true),
        ),
        decide(
          'SSHUserAuthRequest',
          map(({ request }) => {
            asked += 1;
            return { state: 'granted', request, leases: [], by: 'necromancer' };
          }),
          { phase: 'authorize' },
        ),
      ],
    });

    expect(await signsIn(server, 'ann')).toBe(false);
    expect(asked).toBe(0);
  });

  it('fails for one of two kinds of request leaves the other alone', async () => {
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        decide('SSHGlobalRequest', map(explode), { source: 'Desk.global' }),
        exec('true', () => 0),
      ],
    });
    const client = await server.login();

    await client.sync();
    const remote = await client.open();
    client.send(send.exec(remote, 'true'));

    expect((await follow(client, { remote })).exitStatus).toBe(0);
    expect(server.errors).toMatchObject([{ source: 'Desk.global' }]);
  });
});

describe('a lease that', () => {
  const holding = (it: Lease): readonly HandlerFunction[] => [
    passwordSecret,
    decide(
      'SSHUserAuthRequest',
      map((verdict) => withLease(verdict, it)),
      { phase: 'authorize' },
    ),
  ];

  it('errors ends what it was for', async () => {
    const server = await TestServer.start({
      handlers: holding(
        new Observable((it) => {
          it.error(new Error('no more'));
        }),
      ),
    });
    const client = await server.connect();
    await client.exchanged();
    client.send(send.serviceRequest(), send.authPassword('secret'));
    await client.closed;

    expect(client.payloads.map((payload) => payload[0])).toEqual([6, 52]);
    expect(client.goodbye).toEqual({ reason: 11, description: 'the permission can no longer be confirmed' });
  });

  it('is revoked closes its channel, with the reason, even if the client does not read', async () => {
    for (const [command, window] of [
      ['quiet', 2_000_000],
      ['endless', 0],
    ] as const) {
      const revocation = new Subject<LeaseSignal>();
      const server = await TestServer.start({
        handlers: [
          passwordSecret,
          decide(
            'SSHChannelRequest',
            map((verdict) => withLease(verdict, revocation)),
          ),
          exec('endless', async function* () {
            for (;;) yield Buffer.alloc(1000);
          }),
          exec('quiet', async function* () {
            yield 'hush';
            await new Promise(() => undefined);
          }),
        ],
      });
      const client = await server.login();
      const remote = await client.open({ window });
      client.send(send.exec(remote, command));
      await client.take(99);
      client.send(send.windowAdjust(remote, 1000));
      await client.take(94);

      revocation.next({ type: 'revoke', reason: 'the office closes' });
      if (window === 0) {
        await client.sync();
        expect(server.clock.pending).toBe(1);
        server.clock.advance(5000);
      }

      await client.take(97);
      expect(Buffer.concat(client.payloads).includes('the office closes\r\n')).toBe(window > 0);
      client.send(send.channelClose(remote));
      await client.sync();
      expect(server.clock.pending).toBe(0);
      expect(revocation.observed).toBe(false);
    }
  });

  it('is given up with its connection', async () => {
    let held = 0;
    const counting: Lease = new Observable(() => {
      held += 1;
      return () => {
        held -= 1;
      };
    });
    const server = await TestServer.start({ handlers: holding(counting) });
    const client = await server.login();
    expect(held).toBe(1);

    client.destroy();
    await server.event('Disconnected');

    expect(held).toBe(0);
  });
});

describe('a service that', () => {
  const run = async (client: WireClient, command = 'faulty') => {
    const remote = await client.open();
    client.send(send.exec(remote, command));
    return follow(client, { remote });
  };

  it.each<readonly [string, Service]>([
    [
      'throws',
      () => {
        throw new Error('secret of /etc/app.js');
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret of /etc/app.js'))],
    [
      'fails in its stream',
      () =>
        new Observable<string>((subscriber) => {
          subscriber.error(new Error('secret of /etc/app.js'));
        }),
    ],
    [
      'fails in its iterator',
      async function* () {
        throw new Error('secret of /etc/app.js');
      },
    ],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the case at hand
    ['rejects with nothing', () => Promise.reject()],
  ])('%s ends its channel with status 1, tells the client nothing, and runs again', async (_what, faulty) => {
    const server = await TestServer.start({
      handlers: [passwordSecret, exec('faulty', faulty, { source: 'Desk.faulty' })],
    });
    const client = await server.login();

    for (let round = 1; round <= 2; round += 1) {
      const log = await run(client);
      expect(log).toMatchObject({ exitStatus: 1, told: ['success', 'exit-status', 'eof', 'close'] });
      expect(server.errors).toHaveLength(round);
    }
    expect(server.errors[0]).toMatchObject({
      source: 'Desk.faulty',
      channel: 'c1.0',
      error: { code: 'ERR_SSH_HANDLER_FAILED' },
    });
    expect(Buffer.concat(client.payloads).includes('secret')).toBe(false);
    expect(Buffer.concat(client.payloads).includes('.js')).toBe(false);
    await server.servesTheNext();
  });

  it('fails after some output still delivers it', async () => {
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        exec('faulty', async function* () {
          yield 'so far so good\n';
          throw new Error('oops');
        }),
      ],
    });

    expect(await run(await server.login())).toMatchObject({
      stdout: Buffer.from('so far so good\n'),
      exitStatus: 1,
    });
  });

  it('never ends holds up nobody', async () => {
    const server = await TestServer.start({
      handlers: [passwordSecret, exec('faulty', () => new Promise<number>(() => undefined)), exec('true', () => 0)],
    });
    const client = await server.login();
    const stuck = await client.open({ sender: 7 });
    client.send(send.exec(stuck, 'faulty'));

    expect((await run(client, 'true')).exitStatus).toBe(0);
    await server.servesTheNext();
    client.send(send.channelClose(stuck));
    await client.take(97);
  });

  it('is put in place by a policy and throws is reported, and its channel closes', async () => {
    const fail = (): never => {
      throw new Error('secret of /etc/app.js');
    };
    // Assignable to a function that returns nothing: the compiler would not warn either.
    const failLater = (async () => {
      await Promise.resolve();
      fail();
    }) as () => void;
    const careless = decide(
      'SSHChannelRequest',
      map((verdict) => {
        const { detail } = verdict.request;
        if (detail.type !== 'exec') return verdict;
        return serveWith<SSHChannelRequest>(verdict, 'careless', detail.command === 'later' ? failLater : fail);
      }),
    );
    const server = await TestServer.start({ handlers: [passwordSecret, careless] });
    const client = await server.login();

    for (const command of ['at once', 'later']) {
      expect((await run(client, command)).told).toEqual(['success', 'close']);
    }

    expect(server.errors).toHaveLength(2);
    for (const event of server.errors)
      expect([event]).toMatchObject([
        { source: 'careless', channel: 'c1.0', error: { code: 'ERR_SSH_HANDLER_FAILED' } },
      ]);
    await client.sync();
    await server.servesTheNext();
  });
});

describe('an observer that', () => {
  it('throws is reported by name, and everybody else sees what happens', async () => {
    const server = await TestServer.start({
      handlers: [
        passwordSecret,
        on(
          'Connected',
          (event$) =>
            event$.pipe(
              map(() => {
                throw new Error('cannot count');
              }),
            ),
          { source: 'Desk.count' },
        ),
      ],
    });

    await server.servesTheNext();

    expect(server.errors).toMatchObject([{ source: 'Desk.count', error: { code: 'ERR_SSH_HANDLER_FAILED' } }]);
    expect(server.of('Connected')).toHaveLength(1);
  });

  it('ends the connection it hears of ends it in order, at whatever step', async () => {
    for (const type of [
      'Connected',
      'SSHStatus',
      'SSHUserAuthRequest',
      'Decided',
      'SSHChannelOpened',
      'SSHChannelDataIn',
    ] as const) {
      const server = await TestServer.start({
        handlers: [passwordSecret, exec('cat', (session) => drain(session.stdin))],
      });
      merge(server.ssh.events[type]).subscribe(({ connection }) => {
        server.ssh.connection(connection.id)?.disconnect('that will do');
      });

      const client = await server.connect();
      const played = (async () => {
        await client.login();
        const remote = await client.open();
        client.send(send.exec(remote, 'cat'), send.channelData(remote, 'x'), send.channelData(remote, 'y'));
        await client.sync();
      })();
      await expect(played).rejects.toThrow('the connection closed');

      expect(server.of('Disconnected').length).toBe(server.of('Connected').length);
      expect(server.errors).toEqual([]);
      expect(server.ssh.connections).toEqual([]);
    }
  });
});
