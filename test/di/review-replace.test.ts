import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { ContainerModule, inject, injectable, preDestroy } from 'inversify';
import { map, Observable, of, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';

import {
  Decide,
  decide,
  denyWhen,
  Exec,
  exec,
  grantPassword,
  type Lease,
  type LeaseSignal,
  type Policy,
  SSH_HANDLER,
  SshHandler,
  type SSHUserAuthRequest,
  type Verdict,
  withLease,
} from '../../src/index.js';
import { later } from '../support/later.js';
import { connect, login, run, signIn, start } from './live-server.js';

const lock = decide(
  'SSHUserAuthRequest',
  denyWhen(() => true),
  { source: 'lock' },
);

/** Policies that attach leases, and the names of those that are held at this moment. */
function leases() {
  const held: string[] = [];
  const lease = (name: string): Lease =>
    new Observable(() => {
      held.push(name);
      return () => {
        held.splice(held.indexOf(name), 1);
      };
    });
  const attaching = (name: string, attached: Lease = lease(name)) =>
    decide(
      'SSHUserAuthRequest',
      map((verdict) => withLease<SSHUserAuthRequest>(verdict, attached)),
      { source: name },
    );
  return { held, lease, attaching };
}

describe('handlers that were removed', () => {
  it('are not kept in memory, neither by the server nor by what they have granted', async () => {
    setFlagsFromString('--expose-gc');
    // Any context that is made from now on has it.
    const collectGarbage = runInNewContext('gc') as () => void;
    const { server } = await start([exec('hello', () => 'hello')]);
    const removed: WeakRef<object>[] = [];
    for (let count = 0; count < 3; count += 1) {
      const granting = grantPassword((_user, password) => password === 'secret');
      const memory = { grants: 0 };
      const policy: Policy<SSHUserAuthRequest> = (verdict$) =>
        granting(verdict$).pipe(
          map((verdict) => {
            memory.grants += 1;
            return withLease(verdict, new Observable());
          }),
        );
      const asking = decide('SSHUserAuthRequest', policy);
      removed.push(new WeakRef(policy), new WeakRef(memory));
      await server.replaceHandlers({ add: [asking] });
      await login(server);
      await server.replaceHandlers({ remove: [asking] });
    }
    await new Promise(setImmediate);
    expect(server.connections).toHaveLength(3);
    collectGarbage();
    // The last one may still be on a stack or in a register.
    expect(removed.slice(0, 4).filter((it) => it.deref() !== undefined)).toEqual([]);
  });
});

describe('a decision under way while policies are replaced', () => {
  it('is put to the new policies if it ends as a grant', async () => {
    const slow = later<SSHUserAuthRequest>();
    const { server, events } = await start([signIn, decide('SSHUserAuthRequest', slow.policy)]);
    const client = await connect(server);
    const signedIn = client.login();
    await slow.asked();
    await server.replaceHandlers({ add: [lock] });
    slow.answers[0]?.();
    await signedIn.catch(() => undefined);
    await client.closed;

    expect(client.goodbye?.description).toBe('this permission has been withdrawn');
    expect(events.filter((it) => it.type === 'Decided' && it.outcome === 'revoked')).toMatchObject([
      { by: 'denyWhen', request: { type: 'SSHUserAuthRequest' } },
    ]);
  });

  it('is left alone if nothing is to be asked again', async () => {
    const slow = later<SSHUserAuthRequest>();
    const { server } = await start([signIn, decide('SSHUserAuthRequest', slow.policy), exec('hello', () => 'hello')]);
    const client = await connect(server);
    const signedIn = client.login();
    await slow.asked();
    await server.replaceHandlers({ add: [lock], reevaluate: false });
    slow.answers[0]?.();
    await signedIn;

    expect((await run(client, 'hello')).stdout.toString()).toBe('hello');
  });

  it('holds the leases of the policies that stay, and of none that are gone', async () => {
    const slow = later<SSHUserAuthRequest>();
    const { held, attaching } = leases();
    const [gone, stays] = [attaching('gone'), attaching('stays')];
    const { server } = await start([gone, stays, decide('SSHUserAuthRequest', slow.policy), signIn]);
    const client = await connect(server);
    const signedIn = client.login();
    await slow.asked();
    await server.replaceHandlers({ remove: [gone], add: [attaching('new')] });
    slow.answers[0]?.();
    await signedIn;
    await client.sync();

    expect([...held].sort()).toEqual(['new', 'stays']);
  });

  it('ends with its policies, also those that only a later replacement removes', async () => {
    const slow = later<SSHUserAuthRequest>();
    const [first, second] = [
      decide('SSHUserAuthRequest', slow.policy, { source: 'slow' }),
      decide('SSHUserAuthRequest', (verdict$) => verdict$.pipe(map((verdict) => verdict)), { source: 'second' }),
    ];
    const { server, events } = await start([first, second, signIn]);
    const client = await connect(server);
    const signedIn = client.login();
    await slow.asked();
    await server.replaceHandlers({ remove: [first] });
    await server.replaceHandlers({ remove: [second] });
    slow.answers[0]?.();
    await signedIn;

    expect(events.filter(({ type }) => type === 'Error')).toEqual([]);
  });

  it('keeps its handlers alive until it has ended', async () => {
    const log: string[] = [];
    const slow = later<SSHUserAuthRequest>();
    @SshHandler()
    @injectable()
    class Desk {
      @Decide('SSHUserAuthRequest') signIn(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
        return verdict$.pipe(slow.policy);
      }

      @preDestroy() close() {
        log.push('closed');
      }
    }
    const { server } = await start([signIn, Desk]);
    const client = await connect(server);
    const signedIn = client.login();
    await slow.asked();
    await server.replaceHandlers({ remove: [Desk] });
    expect(log).toEqual([]);
    slow.answers[0]?.();
    await signedIn;
    await client.sync();

    expect(log).toEqual(['closed']);
  });
});

describe('leases, when policies are replaced', () => {
  it('that two policies share are kept for the one that stays', async () => {
    const { held, lease, attaching } = leases();
    const shared = lease('shared');
    const [gone, stays] = [attaching('gone', shared), attaching('stays', shared)];
    const { server } = await start([signIn, gone, stays]);
    await login(server);
    expect(held).toEqual(['shared']);
    await server.replaceHandlers({ remove: [gone] });

    expect(held).toEqual(['shared']);
  });

  it('that two grants share are kept for the one whose policy stays', async () => {
    const { held, lease, attaching } = leases();
    const shared = lease('shared');
    const gone = attaching('gone', shared);
    const stays = decide(
      'ConnectionRequest',
      map((verdict) => withLease(verdict, shared)),
    );
    const { server } = await start([signIn, gone, stays]);
    await login(server);
    expect(held).toEqual(['shared']);
    await server.replaceHandlers({ remove: [gone] });

    expect(held).toEqual(['shared']);
  });

  it('are those of the policies in force, in whatever order the answers come', async () => {
    const slow = later<SSHUserAuthRequest>();
    const { held, attaching, lease } = leases();
    const late = decide(
      'SSHUserAuthRequest',
      (verdict$) =>
        verdict$.pipe(
          slow.policy,
          map((verdict) => withLease<SSHUserAuthRequest>(verdict, lease('late'))),
        ),
      { source: 'late' },
    );
    const { server } = await start([signIn, attaching('stays')]);
    await login(server);
    const first = server.replaceHandlers({ add: [late] });
    await slow.asked();
    const second = await server.replaceHandlers({ remove: [late], add: [attaching('new')] });
    expect(second).toEqual({ asked: 1, revoked: 0 });
    slow.answers[0]?.();

    expect(await first).toEqual({ asked: 1, revoked: 0 });
    expect([...held].sort()).toEqual(['new', 'stays']);
  });

  it('that are new and revoke at once count as revoked', async () => {
    const { server } = await start([signIn]);
    const client = await login(server);
    const revoking = decide(
      'SSHUserAuthRequest',
      map((verdict) => withLease<SSHUserAuthRequest>(verdict, of<LeaseSignal>({ type: 'revoke', reason: 'over' }))),
    );

    expect(await server.replaceHandlers({ add: [revoking] })).toEqual({ asked: 1, revoked: 1 });
    await client.closed;
  });
});

const WORD = Symbol.for('test/word');

const wordModule = (word: string) =>
  new ContainerModule(({ bind }) => {
    bind(WORD).toConstantValue(word);
  });

@SshHandler()
class Speaker {
  readonly #word: string;
  constructor(@inject(WORD) word: string) {
    this.#word = word;
  }

  @Exec('word') say() {
    return this.#word;
  }
}

/** A class whose first instance cannot be given up the first time. */
function fragile() {
  let failures = 0;
  @SshHandler()
  @injectable()
  class Fragile {
    @Exec('hello') run() {
      return 'old';
    }

    @preDestroy() close() {
      failures += 1;
      if (failures === 1) throw new Error('cannot close');
    }
  }
  return Fragile;
}

describe('replaceHandlers', () => {
  it('unloads what it has loaded when a later module fails', async () => {
    const failing = new ContainerModule(({ bind }) => {
      bind(WORD).toConstantValue('half');
      throw new Error('no disk');
    });
    const { server } = await start([signIn]);
    const replaced = server.replaceHandlers({ add: [lock], modules: [wordModule('first'), failing] });
    await expect(replaced).rejects.toThrow('no disk');

    // What was left behind would make the word ambiguous.
    await server.replaceHandlers({ add: [Speaker], modules: [wordModule('second')] });
    expect((await run(await login(server), 'word')).stdout.toString()).toBe('second');
  });

  it('tells of the first failure, even if giving up what was built fails as well', async () => {
    const broken = decide('SSHUserAuthRequest', () => {
      throw new Error('no directory');
    });
    const { server } = await start([signIn]);
    const replaced = server.replaceHandlers({ add: [fragile(), broken], modules: [wordModule('first')] });
    await expect(replaced).rejects.toThrow('no directory');

    await server.replaceHandlers({ add: [Speaker], modules: [wordModule('second')] });
    expect((await run(await login(server), 'word')).stdout.toString()).toBe('second');
  });

  it('has happened even if a handler that goes cannot be given up, which is an Error event', async () => {
    const Fragile = fragile();
    const { server, events } = await start([signIn, Fragile]);
    const client = await login(server);

    await expect(server.replaceHandlers({ remove: [Fragile], add: [exec('hello', () => 'new')] })).resolves.toEqual({
      asked: 0,
      revoked: 0,
    });
    expect((await run(client, 'hello')).stdout.toString()).toBe('new');
    expect(events.filter(({ type }) => type === 'Error')).toMatchObject([
      { source: 'Fragile', error: { code: 'ERR_SSH_HANDLER_FAILED' } },
    ]);
  });

  it('removes handlers that a module has bound, and may be called again after that', async () => {
    @SshHandler()
    @injectable()
    class Desk {
      @Exec('hello') hello() {
        return 'from a module';
      }
    }
    const module = new ContainerModule(({ bind }) => {
      bind(Desk).toSelf().inSingletonScope();
      bind(SSH_HANDLER).toService(Desk);
    });
    const { server } = await start([signIn], { modules: [module] });
    const [own, other] = [exec('hello', () => 'own'), exec('other', () => 'other')];
    await server.replaceHandlers({ remove: [Desk], add: [own] });
    await server.replaceHandlers({ add: [other] });
    expect((await run(await login(server), 'hello')).stdout.toString()).toBe('own');

    await server.replaceHandlers({ remove: [own], add: [Desk] });
    expect((await run(await login(server), 'hello')).stdout.toString()).toBe('from a module');
  });

  it('removes nothing that is bound and no handler', async () => {
    @injectable()
    class Users {
      readonly greeting = 'hello';
    }
    @SshHandler()
    class Desk {
      readonly #users: Users;
      constructor(@inject(Users) users: Users) {
        this.#users = users;
      }

      @Exec('hello') hello() {
        return this.#users.greeting;
      }
    }
    const module = new ContainerModule(({ bind }) => {
      bind(Users).toSelf().inSingletonScope();
    });
    const { server } = await start([signIn], { modules: [module] });

    await expect(server.replaceHandlers({ remove: [Users] })).rejects.toMatchObject({ code: 'ERR_SSH_HANDLER' });
    await server.replaceHandlers({ add: [Desk] });
    expect((await run(await login(server), 'hello')).stdout.toString()).toBe('hello');
  });

  it('does not wait for the answers that the one before still waits for', async () => {
    const slow = later<SSHUserAuthRequest>();
    const asking = decide('SSHUserAuthRequest', slow.policy, { source: 'asking' });
    const { server } = await start([signIn]);
    const client = await login(server);
    const first = server.replaceHandlers({ add: [asking] });
    await slow.asked();

    expect(await server.replaceHandlers({ add: [lock] })).toEqual({ asked: 1, revoked: 1 });
    expect(await first).toEqual({ asked: 1, revoked: 0 });
    await client.closed;
  });

  it('under way is refused when the server shuts down, and leaves nothing behind', async () => {
    const log: string[] = [];
    const opened = new Subject<void>();
    const waiting = new Promise<void>((resolve) => {
      opened.subscribe({ complete: resolve });
    });
    @SshHandler()
    @injectable()
    class Desk {
      constructor() {
        log.push('opened');
      }

      @Exec('hello') hello() {
        return 'hello';
      }

      @preDestroy() close() {
        log.push('closed');
      }
    }
    const { server } = await start([signIn, Desk]);
    const slowModule = new ContainerModule(() => waiting);
    const replaced = server.replaceHandlers({ add: [lock], modules: [slowModule] });
    const refused = expect(replaced).rejects.toMatchObject({ code: 'ERR_SSH_STATE' });
    const stopped = server.shutdown();
    for (let count = 0; count < 20; count += 1) await new Promise(setImmediate);
    opened.complete();
    await refused;
    await stopped;

    expect(log).toEqual(['opened', 'closed']);
  });

  it('builds nothing once the server is shut down', async () => {
    let loaded = 0;
    const { server } = await start([signIn]);
    await server.shutdown();
    const module = new ContainerModule(() => {
      loaded += 1;
    });

    await expect(server.replaceHandlers({ modules: [module] })).rejects.toMatchObject({ code: 'ERR_SSH_STATE' });
    expect(loaded).toBe(0);
  });
});
