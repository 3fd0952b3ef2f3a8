import { ContainerModule, inject, injectable, preDestroy } from 'inversify';
import { map, NEVER, Observable, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';

import {
  Decide,
  decide,
  deny,
  denyWhen,
  DenyReason,
  Exec,
  exec,
  type Lease,
  on,
  type Policy,
  SshHandler,
  type SSHUserAuthRequest,
  type Verdict,
  withLease,
} from '../../src/index.js';
import * as send from '../support/wire-client-payloads.js';
import { follow } from '../support/wire-client-session.js';
import { connect, login, run, signIn, start } from './live-server.js';

describe('replaceHandlers', () => {
  it('lets new decisions go by the new policies, in the place of the old ones', async () => {
    const lock = decide(
      'SSHUserAuthRequest',
      denyWhen(() => true),
      { source: 'lock' },
    );
    const first = decide('ConnectionRequest', (verdict$) => verdict$, { source: 'first' });
    const second = decide('ConnectionRequest', (verdict$) => verdict$, { source: 'second' });
    const third = decide('ConnectionRequest', (verdict$) => verdict$, { source: 'third' });
    const { server } = await start([signIn, first, third]);
    await server.replaceHandlers({ remove: [first], add: [second] });
    const order = (): readonly string[] =>
      server
        .describe()
        .filter(({ request }) => request === 'ConnectionRequest')
        .map(({ source }) => source);
    expect(order()).toEqual(['rxsshd/admission', 'second', 'third', 'rxsshd/default']);

    await server.replaceHandlers({ add: [lock] });
    const client = await connect(server);
    await client.exchanged();
    client.send(send.serviceRequest(), send.authPassword('secret'));
    expect((await client.take(51, 52))[0]).toBe(51);
  });

  it('leaves live sessions alone that the new policies have nothing against, and keeps what stays in memory', async () => {
    let asked = 0;
    const counting = decide('SSHUserAuthRequest', (verdict$) => verdict$.pipe(tap(() => (asked += 1))), {
      source: 'counting',
    });
    const { server } = await start([signIn, counting, exec('hello', () => 'hello')]);
    const client = await login(server);
    const result = await server.replaceHandlers({ add: [decide('SSHUserAuthRequest', (verdict$) => verdict$)] });

    expect(result).toEqual({ asked: 1, revoked: 0 });
    expect(asked).toBe(1);
    expect((await run(client, 'hello')).stdout.toString()).toBe('hello');
  });

  it('takes back what the new policies deny, with their name in the audit trail', async () => {
    const { server, events } = await start([signIn, exec('wait', () => NEVER)]);
    const client = await login(server);
    const remote = await client.open();
    client.send(send.exec(remote, 'wait'));
    await client.takeFor(0);
    const seen: unknown[] = [];
    const policy: Policy<SSHUserAuthRequest> = map((verdict) => {
      seen.push([
        verdict.state,
        verdict.context?.reevaluation,
        verdict.request.method === 'password' && verdict.request.password.equals('secret'),
      ]);
      return deny(verdict, 'new rule', DenyReason.NotPermitted);
    });
    const replaced = server.replaceHandlers({ add: [decide('SSHUserAuthRequest', policy)] });
    const log = await follow(client, { remote });
    await client.closed;

    expect(await replaced).toEqual({ asked: 1, revoked: 1 });
    expect(seen).toEqual([['granted', true, false]]);
    expect(log.stderr.toString()).toBe('this permission has been withdrawn\r\n');
    expect(events.filter((event) => event.type === 'Decided' && event.outcome === 'revoked')).toMatchObject([
      { by: 'new rule', request: { type: 'SSHUserAuthRequest' } },
    ]);
    expect(events.find(({ type }) => type === 'Disconnected')).toMatchObject({ revoked: { by: 'new rule' } });
  });

  it('ends the leases of policies that are gone, keeps those that stay, and holds new ones', async () => {
    const held: string[] = [];
    const leasing = (name: string) => {
      const lease: Lease = new Observable(() => {
        held.push(name);
        return () => {
          held.splice(held.indexOf(name), 1);
        };
      });
      return decide(
        'SSHUserAuthRequest',
        map((verdict) => withLease<SSHUserAuthRequest>(verdict, lease)),
        { source: name },
      );
    };
    const [old, stays] = [leasing('old'), leasing('stays')];
    const { server } = await start([signIn, old, stays]);
    await login(server);
    expect(held).toEqual(['old', 'stays']);
    await server.replaceHandlers({ remove: [old], add: [leasing('new')] });

    expect([...held].sort()).toEqual(['new', 'stays']);
  });

  it('asks nobody again where that is not wanted, and ends the leases of what is gone all the same', async () => {
    let held = 0;
    const lease: Lease = new Observable(() => {
      held += 1;
      return () => (held -= 1);
    });
    const leasing = decide(
      'SSHUserAuthRequest',
      map((verdict) => withLease<SSHUserAuthRequest>(verdict, lease)),
    );
    const { server } = await start([signIn, leasing, exec('hello', () => 'hello')]);
    const client = await login(server);
    const lock = decide(
      'SSHUserAuthRequest',
      denyWhen(() => true),
    );
    expect(await server.replaceHandlers({ remove: [leasing], add: [lock], reevaluate: false })).toEqual({
      asked: 0,
      revoked: 0,
    });

    expect(held).toBe(0);
    expect((await run(client, 'hello')).stdout.toString()).toBe('hello');
  });

  it('waits for new policies that take their time, and settles for connections that end meanwhile', async () => {
    const { server } = await start([signIn]);
    const [first, second] = [await login(server), await login(server)];
    const answers: (() => void)[] = [];
    const slow: Policy<SSHUserAuthRequest> = (verdict$) =>
      new Observable<Verdict<SSHUserAuthRequest>>((subscriber) =>
        verdict$.subscribe((verdict) => {
          answers.push(() => {
            subscriber.next(deny(verdict, 'slow', DenyReason.NotPermitted));
          });
        }),
      );
    const replaced = server.replaceHandlers({ add: [decide('SSHUserAuthRequest', slow)] });
    while (answers.length < 2) await Promise.resolve();
    second.destroy();
    await second.closed;
    answers[0]?.();

    expect(await replaced).toEqual({ asked: 2, revoked: 1 });
    await first.closed;
  });

  it('replaces services and observers with their handlers', async () => {
    const seen: string[] = [];
    const watch = (name: string) =>
      on('SSHChannelOpened', (event$) => event$.pipe(tap(() => seen.push(name))), { source: name });
    const [oldWatch, newWatch] = [watch('old'), watch('new')];
    const [oldHello, newHello] = [exec('hello', () => 'old'), exec('hello', () => 'new')];
    const { server } = await start([signIn, oldHello, oldWatch]);
    const client = await login(server);
    expect((await run(client, 'hello')).stdout.toString()).toBe('old');
    await server.replaceHandlers({ remove: [oldHello, oldWatch], add: [newHello, newWatch] });

    expect((await run(client, 'hello', 1)).stdout.toString()).toBe('new');
    expect(seen).toEqual(['old', 'new']);
  });

  it('builds new classes with new modules and unbinds the old ones', async () => {
    const log: string[] = [];
    const WORD = Symbol('word');
    @SshHandler()
    @injectable()
    class Old {
      @Exec('word') word() {
        return 'old';
      }

      @preDestroy() close() {
        log.push('Old closed');
      }
    }
    @SshHandler()
    class New {
      readonly #word: string;
      constructor(@inject(WORD) word: string) {
        this.#word = word;
      }

      @Exec('word') word() {
        return this.#word;
      }
    }
    const { server } = await start([signIn, Old]);
    const client = await login(server);
    const module = new ContainerModule(({ bind }) => {
      bind(WORD).toConstantValue('new');
    });
    await server.replaceHandlers({ remove: [Old], add: [New], modules: [module] });

    expect((await run(client, 'word')).stdout.toString()).toBe('new');
    expect(log).toEqual(['Old closed']);
  });

  it('leaves everything as it was when something is wrong with the new handlers, and says what', async () => {
    @SshHandler()
    class Unbuildable {
      readonly nobody: unknown;
      constructor(@inject(Symbol.for('test/nobody')) nobody: unknown) {
        this.nobody = nobody;
      }

      @Decide('SSHUserAuthRequest') lock(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
        return verdict$;
      }
    }
    const hello = exec('hello', () => 'hello');
    const { server } = await start([signIn, hello]);
    const client = await login(server);
    const before = server.describe();
    const broken = decide(
      'SSHUserAuthRequest',
      () => {
        throw new Error('no directory');
      },
      { source: 'broken' },
    );
    const lock = decide(
      'SSHUserAuthRequest',
      denyWhen(() => true),
    );

    await expect(server.replaceHandlers({ remove: [hello], add: [lock, broken] })).rejects.toMatchObject({
      code: 'ERR_SSH_POLICY_FAILED',
      message: expect.stringContaining('broken') as unknown,
    });
    await expect(server.replaceHandlers({ add: [Unbuildable] })).rejects.toMatchObject({ code: 'ERR_SSH_HANDLER' });
    await expect(server.replaceHandlers({ add: [exec('hello', () => 'rival')] })).rejects.toMatchObject({
      code: 'ERR_SSH_ROUTE_CONFLICT',
    });
    await expect(
      server.replaceHandlers({
        add: [
          lock,
          on(
            'Connected',
            () => {
              throw new Error('no log');
            },
            { source: 'watcher' },
          ),
        ],
      }),
    ).rejects.toMatchObject({ code: 'ERR_SSH_HANDLER_FAILED' });
    await expect(server.replaceHandlers({ remove: [lock] })).rejects.toMatchObject({
      code: 'ERR_SSH_HANDLER',
      message: expect.stringContaining('is no handler of this server') as unknown,
    });

    expect(server.describe()).toEqual(before);
    expect((await run(client, 'hello')).stdout.toString()).toBe('hello');
    await login(server);
  });

  it('lets decisions under way end with the policies they began with, and closes those then', async () => {
    let closed = 0;
    const answers: (() => void)[] = [];
    const slow: Policy<SSHUserAuthRequest> = (verdict$) =>
      new Observable<Verdict<SSHUserAuthRequest>>((subscriber) => {
        const subscription = verdict$.subscribe((verdict) => {
          answers.push(() => {
            subscriber.next(verdict);
          });
        });
        return () => {
          closed += 1;
          subscription.unsubscribe();
        };
      });
    const old = decide('SSHUserAuthRequest', slow, { source: 'slow' });
    const { server } = await start([old, signIn]);
    const client = login(server);
    while (answers.length === 0) await new Promise(setImmediate);
    await server.replaceHandlers({ remove: [old] });
    expect(closed).toBe(0);
    answers[0]?.();
    await client;

    expect(closed).toBe(1);
  });

  it('is refused once the server is shut down', async () => {
    const { server } = await start([signIn]);
    await server.shutdown();

    await expect(server.replaceHandlers({ remove: [signIn] })).rejects.toMatchObject({ code: 'ERR_SSH_STATE' });
  });
});
