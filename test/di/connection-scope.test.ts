import { type Container, ContainerModule, inject, preDestroy, type ServiceIdentifier } from 'inversify';
import { filter, finalize, firstValueFrom, map, mergeMap, Observable, tap } from 'rxjs';
import { Client } from 'ssh2';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { CONNECTION, SSH_HANDLER } from '../../src/di/tokens.js';
import {
  type Connection,
  createServer,
  type CreateServerOptions,
  decide,
  Decide,
  type Decided,
  definePlugin,
  deny,
  DenyReason,
  type Disconnected,
  type ErrorEvent,
  exec,
  Exec,
  generateHostKey,
  grantPassword,
  On,
  type Session,
  type SshEvent,
  SshHandler,
  type SshServer,
  type SSHChannelOpened,
  type SSHChannelRequest,
  type SSHUserAuthRequest,
  Subsystem,
  type Verdict,
} from '../../src/index.js';
import { loopback } from '../../src/testing/index.js';

const children = vi.hoisted(() => ({ made: 0 }));

vi.mock('inversify', async (original) => {
  const inversify = await original<{ readonly Container: typeof Container }>();
  class CountingContainer extends inversify.Container {
    constructor(...[options]: ConstructorParameters<typeof Container>) {
      super(options);
      if (options?.parent !== undefined) children.made += 1;
    }
  }
  return { ...inversify, Container: CountingContainer };
});

const { hostKey } = await generateHostKey();
const letIn = decide(
  'SSHUserAuthRequest',
  grantPassword((_user, password) => password === 'right'),
);

let servers: SshServer[] = [];
/** What the handlers of a test tell of themselves. */
let log: string[] = [];
beforeEach(() => {
  children.made = 0;
  servers = [];
  log = [];
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.shutdown()));
});

async function build(options: Partial<CreateServerOptions>): Promise<SshServer> {
  const server = await createServer({ hostKeys: [hostKey], onWarning: () => undefined, ...options });
  servers.push(server);
  return server;
}

/** A client, once it is signed in. */
interface SignedIn {
  /** What a command wrote, and its exit status. */
  run(command: string): Promise<string>;
  /** Says goodbye and settles once the server has let go of the connection. */
  leave(): Promise<void>;
  /** Goes away without a word, and settles likewise. */
  vanish(): Promise<void>;
}

/** The connection that ends next. */
const oneEnds = (server: SshServer): Promise<Disconnected> => firstValueFrom(server.events.Disconnected);

function signIn(server: SshServer, user = 'ann', password = 'right'): Promise<SignedIn> {
  const client = new Client();
  const stream = loopback(server);
  const signedIn: SignedIn = {
    run: (command) => runOn(client, command),
    leave: async () => {
      const end = oneEnds(server);
      client.end();
      await end;
    },
    vanish: async () => {
      const end = oneEnds(server);
      stream.destroy();
      await end;
    },
  };
  return new Promise((resolve, reject) => {
    client
      .on('error', reject)
      .on('ready', () => {
        resolve(signedIn);
      })
      .connect({ sock: stream, username: user, password });
  });
}

function runOn(client: Client, command: string): Promise<string> {
  return new Promise((resolve) => {
    client.exec(command, (error, stream) => {
      if (error !== undefined) {
        resolve('refused');
        return;
      }
      let output = '';
      stream.on('data', (data: Buffer) => (output += data.toString()));
      stream.on('close', (status: number) => {
        resolve(`${output}${String(status)}`);
      });
    });
  });
}

/** Lets everything happen that waits for nothing but its turn. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A handler whose life is told in the log. */
@SshHandler({ scope: 'connection' })
class Desk {
  readonly #connection: Connection;
  readonly #notes: string[] = [];

  constructor(@inject(CONNECTION) connection: Connection) {
    this.#connection = connection;
    log.push(`built for ${connection.info.id}`);
  }

  @Decide('SSHUserAuthRequest')
  signIn(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
    return verdict$.pipe(
      tap(({ request }) => this.#notes.push(`${request.user} asks by ${request.method}`)),
      grantPassword((_user, password) => password === 'right'),
      finalize(() => log.push(`policy of ${this.#connection.info.id} closed`)),
    );
  }

  @On('SSHChannelOpened')
  count(opened$: Observable<SSHChannelOpened>) {
    return opened$.pipe(
      tap({
        next: ({ channelType }) => this.#notes.push(`${channelType} opened`),
        complete: () => log.push(`observer of ${this.#connection.info.id} completed`),
      }),
    );
  }

  @Exec('notes')
  notes() {
    const { info, identity } = this.#connection;
    return `${info.id} ${String(identity?.user)}: ${this.#notes.join(', ')}\n`;
  }

  @preDestroy()
  async close() {
    await settle();
    log.push(`gave up ${this.#connection.info.id}`);
  }
}

describe('a handler of scope connection', () => {
  it('has one instance per connection, which its policies, observers and services share', async () => {
    const server = await build({ handlers: [Desk] });

    const ann = await signIn(server, 'ann');
    const bob = await signIn(server, 'bob');

    expect(await ann.run('notes')).toBe('c1 ann: ann asks by none, ann asks by password, session opened\n0');
    expect(await bob.run('notes')).toBe('c2 bob: bob asks by none, bob asks by password, session opened\n0');
    expect(await ann.run('notes')).toBe(
      'c1 ann: ann asks by none, ann asks by password, session opened, session opened\n0',
    );
    expect(log).toEqual(['built for c1', 'built for c2']);
    expect(children.made).toBe(2);
  });

  it('is not built for a connection that has nothing to do with it', async () => {
    @SshHandler({ scope: 'connection' })
    class Worker {
      constructor() {
        log.push('built');
      }
      @Exec('work') work() {
        return 'done\n';
      }
    }
    const server = await build({ handlers: [letIn, Worker, exec('other', () => 0)] });

    const idle = await signIn(server);
    expect(await idle.run('other')).toBe('0');
    await idle.leave();
    expect([log, children.made]).toEqual([[], 0]);

    const busy = await signIn(server);
    expect(await busy.run('work')).toBe('done\n0');
    expect(await busy.run('work')).toBe('done\n0');
    expect([log, children.made]).toEqual([['built'], 1]);
  });

  it('is described and asked in reading order among the others', async () => {
    const last = decide('SSHUserAuthRequest', (verdict$) => verdict$, { source: 'last' });
    const server = await build({ handlers: [letIn, Desk, last] });

    expect(server.describe().filter(({ request }) => request === 'SSHUserAuthRequest')).toEqual([
      { request: 'SSHUserAuthRequest', phase: 'authenticate', source: 'decide(SSHUserAuthRequest)' },
      { request: 'SSHUserAuthRequest', phase: 'authenticate', source: 'Desk.signIn' },
      { request: 'SSHUserAuthRequest', phase: 'authenticate', source: 'last' },
    ]);
    expect(log).toEqual([]);
  });

  it('serves subsystems, streams and promises like any other', async () => {
    @SshHandler({ scope: 'connection' })
    class Streams {
      @Exec('lines') *lines() {
        yield 'one\n';
        yield 'two\n';
        return 3;
      }
      @Exec('later') async later(session: Session) {
        await session.write('later\n');
      }
      @Subsystem('echo') echo() {
        return 'echo';
      }
    }
    const server = await build({ handlers: [letIn, Streams] });

    const client = await signIn(server);

    expect(await client.run('lines')).toBe('one\ntwo\n3');
    expect(await client.run('later')).toBe('later\n0');
    expect(await client.run('lines')).toBe('one\ntwo\n3');
  });
});

describe('without a handler of scope connection', () => {
  it('no child container is made and no connection module is loaded, which is warned about', async () => {
    const warnings: string[] = [];
    const server = await build({
      handlers: [letIn, exec('true', () => 0)],
      connectionModules: [
        new ContainerModule(() => {
          log.push('loaded');
        }),
      ],
      onWarning: (message) => warnings.push(message),
    });

    const client = await signIn(server);
    expect(await client.run('true')).toBe('0');
    await client.leave();
    await server.shutdown();

    expect([log, children.made]).toEqual([[], 0]);
    expect(warnings.filter((it) => it.includes('connectionModules'))).toHaveLength(1);
  });
});

describe('what connection modules bind', () => {
  const BASKET: ServiceIdentifier<string[]> = Symbol('basket');

  @SshHandler({ scope: 'connection' })
  class Shop {
    readonly #basket: string[];
    constructor(@inject(BASKET) basket: string[]) {
      this.#basket = basket;
    }
    @Exec('take *') take(session: Session) {
      this.#basket.push(session.arguments);
    }
  }

  @SshHandler({ scope: 'connection' })
  class Till {
    readonly #basket: string[];
    constructor(@inject(BASKET) basket: string[]) {
      this.#basket = basket;
    }
    @Exec('pay') pay() {
      return `${this.#basket.join('+')}\n`;
    }
  }

  const baskets = new ContainerModule(({ bind }) => {
    bind<string[]>(BASKET)
      .toDynamicValue(() => [])
      .onDeactivation((basket) => {
        log.push(`dropped ${basket.join('+')}`);
      });
  });

  it('is shared by the handlers of one connection and seen by no other, of this server or another', async () => {
    const options = { handlers: [letIn, Shop, Till], connectionModules: [baskets] };
    const [first, second] = [await build(options), await build(options)];
    const [ann, bob, eve] = [await signIn(first), await signIn(first), await signIn(second)];

    await ann.run('take apple');
    await bob.run('take bread');
    await eve.run('take cider');
    await ann.run('take almond');

    expect(await ann.run('pay')).toBe('apple+almond\n0');
    expect(await bob.run('pay')).toBe('bread\n0');
    expect(await eve.run('pay')).toBe('cider\n0');
  });

  it('is given up at the end of the connection, at shutdown too, before what the server has', async () => {
    const server = await build({
      handlers: [letIn, Shop, Till],
      connectionModules: [baskets],
      modules: [
        new ContainerModule(({ bind }) => {
          bind('warehouse')
            .toDynamicValue(() => 'open')
            .onDeactivation(() => {
              log.push('warehouse closed');
            });
          bind(SSH_HANDLER).toDynamicValue(async ({ getAsync }) => {
            await getAsync('warehouse');
            return letIn;
          });
        }),
      ],
    });
    const [ann, bob] = [await signIn(server), await signIn(server)];
    await ann.run('take apple');
    await bob.run('take bread');

    await ann.leave();
    await settle();
    expect(log).toEqual(['dropped apple']);

    await server.shutdown();
    expect(log).toEqual(['dropped apple', 'dropped bread', 'warehouse closed']);
  });

  it('comes from plugins as well', async () => {
    const plugin = definePlugin({
      name: 'shop',
      version: '1.0.0',
      handlers: [Shop],
      connectionHandlers: [Till],
      bindConnection: ({ bind }) => {
        bind(BASKET).toConstantValue(['gift']);
      },
    });
    const server = await build({ handlers: [letIn], plugins: [plugin] });

    const client = await signIn(server);
    await client.run('take apple');

    expect(await client.run('pay')).toBe('gift+apple\n0');
  });

  it('wins over what the server binds, so that the server has no share in an instance', async () => {
    const server = await build({
      handlers: [letIn, Shop, Till],
      connectionModules: [baskets],
      modules: [
        new ContainerModule(({ bind }) => {
          bind(BASKET).toConstantValue(['of the server']);
          bind(Shop).toSelf();
        }),
      ],
    });

    const [ann, bob] = [await signIn(server), await signIn(server)];
    await ann.run('take apple');
    await bob.run('take bread');

    expect(await ann.run('pay')).toBe('apple\n0');
    expect(await bob.run('pay')).toBe('bread\n0');
  });

  it('costs its connection alone if it fails: the service fails and the cause is told', async () => {
    let loads = 0;
    const server = await build({
      handlers: [letIn, Till],
      connectionModules: [
        baskets,
        new ContainerModule(() => {
          loads += 1;
          if (loads === 1) throw new Error('no baskets left');
        }),
      ],
    });
    const errors: ErrorEvent[] = [];
    server.events.Error.subscribe((event) => errors.push(event));
    const [ann, bob] = [await signIn(server), await signIn(server)];

    expect(await ann.run('pay')).toBe('1');
    expect(await bob.run('pay')).toBe('\n0');

    expect(errors.map(({ connection, source, error }) => [connection?.id, source, error.message])).toEqual([
      ['c1', 'Till.pay', 'Till.pay failed: Till cannot be built: a connection module failed: no baskets left'],
    ]);
  });
});

describe('the end of a connection', () => {
  it('completes its observers, closes its policies and then gives its handlers up, once', async () => {
    const server = await build({ handlers: [Desk] });
    const [ann, bob] = [await signIn(server), await signIn(server)];
    log = [];

    await ann.leave();
    await settle();
    await settle();
    expect(log).toEqual(['observer of c1 completed', 'policy of c1 closed', 'gave up c1']);

    await bob.vanish();
    await server.shutdown();
    expect(log.slice(3)).toEqual(['observer of c2 completed', 'policy of c2 closed', 'gave up c2']);
  });

  it('comes for connections that a policy refuses too', async () => {
    @SshHandler({ scope: 'connection' })
    class Doorman {
      readonly #id: string;
      constructor(@inject(CONNECTION) connection: Connection) {
        this.#id = connection.info.id;
        log.push(`built for ${this.#id}`);
      }
      @Decide('ConnectionRequest') refuse<R>(verdict$: Observable<Verdict<R>>): Observable<Verdict<R>> {
        return verdict$.pipe(map((verdict) => deny(verdict, 'doorman', DenyReason.NotPermitted)));
      }
      @preDestroy() close() {
        log.push(`gave up ${this.#id}`);
      }
    }
    const server = await build({ handlers: [letIn, Doorman] });

    await expect(signIn(server)).rejects.toThrow();
    await settle();

    expect(log).toEqual(['built for c1', 'gave up c1']);
    await server.shutdown();
    expect(log).toHaveLength(2);
  });

  it('is seen by an observer that sees nothing else, though it is built only then', async () => {
    @SshHandler({ scope: 'connection' })
    class Farewell {
      readonly #connection: Connection;
      constructor(@inject(CONNECTION) connection: Connection) {
        this.#connection = connection;
      }
      @On('Disconnected') wave(disconnected$: Observable<Disconnected>) {
        return disconnected$.pipe(
          tap(({ connection }) => log.push(`${connection.id} of ${this.#connection.identity?.user ?? 'nobody'} left`)),
        );
      }
      @preDestroy() close() {
        log.push('gave up');
      }
    }
    const server = await build({ handlers: [letIn, Farewell] });
    const client = await signIn(server);

    await client.vanish();
    await settle();

    expect(log).toEqual(['c1 of ann left', 'gave up']);
  });

  it('is seen by an observer also if another observer has brought it about', async () => {
    @SshHandler({ scope: 'connection' })
    class Farewell {
      @On('Disconnected') wave(disconnected$: Observable<Disconnected>) {
        return disconnected$.pipe(tap(({ connection }) => log.push(`${connection.id} left`)));
      }
    }
    const server = await build({ handlers: [letIn, Farewell] });
    server.events.SSHChannelOpened.subscribe(({ connection }) => {
      server.connection(connection.id)?.disconnect('no channels today');
    });
    const client = await signIn(server);
    const end = oneEnds(server);

    void client.run('anything');
    await end;
    await settle();

    expect(log).toEqual(['c1 left']);
  });

  it('unsubscribes what an observer still does', async () => {
    @SshHandler({ scope: 'connection' })
    class Endless {
      @On('Connected') watch(connected$: Observable<unknown>) {
        return connected$.pipe(mergeMap(() => neverEnding$));
      }
    }
    const neverEnding$ = new Observable<never>(() => () => log.push('unsubscribed'));
    const server = await build({ handlers: [letIn, Endless] });
    const client = await signIn(server);

    await client.leave();
    await settle();

    expect(log).toEqual(['unsubscribed']);
  });

  it('is an Error event if something cannot be given up, also at shutdown', async () => {
    @SshHandler({ scope: 'connection' })
    class Sticky {
      @Exec('stick') stick() {
        return 0;
      }
      @preDestroy() close(): Promise<void> {
        return Promise.reject(new Error('glued'));
      }
    }
    const server = await build({ handlers: [letIn, Sticky] });
    const errors: ErrorEvent[] = [];
    server.events.Error.subscribe((event) => errors.push(event));
    const [ann, bob] = [await signIn(server), await signIn(server)];
    await ann.run('stick');
    await bob.run('stick');

    await ann.leave();
    await settle();
    expect(errors).toHaveLength(1);

    await server.shutdown();
    expect(errors.map(({ connection, source, error }) => [connection?.id, source, error.code, error.message])).toEqual(
      ['c1', 'c2'].map((id) => [
        id,
        'rxsshd/connection-scope',
        'ERR_SSH_HANDLER_FAILED',
        expect.stringMatching(`^what belonged to connection ${id} could not be given up: .*glued`) as string,
      ]),
    );
  });
});

describe('a policy of scope connection', () => {
  it('waits for an instance that is built asynchronously', async () => {
    const server = await build({
      handlers: [Desk],
      connectionModules: [
        new ContainerModule(({ bind }) => {
          bind(Desk).toResolvedValue(
            async (connection: Connection) => {
              await settle();
              return new Desk(connection);
            },
            [CONNECTION],
          );
        }),
      ],
    });

    const client = await signIn(server);

    expect(await client.run('notes')).toBe('c1 ann: ann asks by none, ann asks by password, session opened\n0');
    expect(log).toEqual(['built for c1']);
  });

  it('denies with the cause if its instance cannot be built, and lets other connections alone', async () => {
    @SshHandler({ scope: 'connection' })
    class Moody {
      constructor(@inject(CONNECTION) connection: Connection) {
        if (connection.info.id === 'c1') throw new Error('not today');
      }
      @Decide('SSHUserAuthRequest') any(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
        return verdict$;
      }
      @On('Connected') watch(connected$: Observable<unknown>) {
        return connected$;
      }
    }
    const server = await build({ handlers: [letIn, Moody] });
    const decided: Decided[] = [];
    const errors: ErrorEvent[] = [];
    server.events.Decided.pipe(filter((it) => it.request.type === 'SSHUserAuthRequest')).subscribe((it) => {
      decided.push(it);
    });
    server.events.Error.subscribe((event) => errors.push(event));

    await expect(signIn(server)).rejects.toThrow('All configured authentication methods failed');
    await expect(signIn(server)).resolves.toBeDefined();

    const [first] = decided;
    expect(first).toMatchObject({ outcome: 'denied', reason: DenyReason.PolicyFailed, source: 'Moody.any' });
    expect(decided.at(-1)).toMatchObject({ outcome: 'granted', connection: { id: 'c2' } });
    expect(new Set(errors.map(({ connection }) => connection?.id))).toEqual(new Set(['c1']));
    expect(errors.map(({ source }) => source)).toEqual(['Moody.watch', ...errors.slice(1).map(() => 'Moody.any')]);
    for (const { error } of errors) expect(error.message).toContain('Moody cannot be built: not today');
  });

  it('that fails costs its own connection one request and the others nothing', async () => {
    @SshHandler({ scope: 'connection' })
    class Fragile {
      readonly #connection: Connection;
      constructor(@inject(CONNECTION) connection: Connection) {
        this.#connection = connection;
      }
      @Decide('SSHChannelRequest') judge(verdict$: Observable<Verdict<SSHChannelRequest>>) {
        return verdict$.pipe(
          mergeMap(async (verdict) => {
            const { detail } = verdict.request;
            if (detail.type === 'exec' && detail.command === 'slow') await release;
            if (detail.type === 'exec' && detail.command === 'bad') throw new Error('broken');
            log.push(`${this.#connection.info.id} lets through`);
            return verdict;
          }),
        );
      }
    }
    let go: () => void = () => undefined;
    const release = new Promise<void>((resolve) => (go = resolve));
    const server = await build({
      handlers: [letIn, Fragile, exec('slow', () => 0), exec('bad', () => 0), exec('good', () => 0)],
    });
    const errors: ErrorEvent[] = [];
    server.events.Error.subscribe((event) => errors.push(event));
    const [ann, bob] = [await signIn(server), await signIn(server)];

    const slow = bob.run('slow');
    expect(await ann.run('bad')).toBe('refused');
    expect(await ann.run('good')).toBe('0');
    go();
    expect(await slow).toBe('0');

    expect(errors.map(({ connection, source, error }) => [connection?.id, source, error.message])).toEqual([
      ['c1', 'Fragile.judge', 'Fragile.judge threw: broken'],
    ]);
    expect(log).toEqual(['c1 lets through', 'c2 lets through']);
  });

  it('that is no operator denies, and is told of by name', async () => {
    @SshHandler({ scope: 'connection' })
    class Wrong {
      @Decide('SSHUserAuthRequest') any(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
        // What JavaScript lets through.
        return { verdict$ } as unknown as typeof verdict$;
      }
    }
    const server = await build({ handlers: [letIn, Wrong] });
    const messages: string[] = [];
    server.events.Error.subscribe(({ error }) => messages.push(error.message));

    await expect(signIn(server)).rejects.toThrow('All configured authentication methods failed');

    expect(messages[0]).toContain('Wrong.any');
    expect(messages[0]).toContain('it returned no Observable');
  });

  it('that never answers is left behind at the end of its connection', async () => {
    @SshHandler({ scope: 'connection' })
    class Silent {
      @Decide('SSHUserAuthRequest') any(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
        return verdict$.pipe(
          tap(() => log.push('asked')),
          filter(() => false),
          finalize(() => log.push('closed')),
        );
      }
    }
    const server = await build({ handlers: [letIn, Silent], decisionDeadlineMs: 2 ** 30 });
    const asked = firstValueFrom(server.events.SSHUserAuthRequest);
    const end = oneEnds(server);
    const stream = loopback(server);
    new Client().on('error', () => undefined).connect({ sock: stream, username: 'ann', password: 'right' });
    await asked;
    await settle();

    stream.destroy();
    await end;
    await settle();

    expect(log).toEqual(['asked', 'closed']);
  });
});

describe('an observer of scope connection', () => {
  @SshHandler({ scope: 'connection' })
  class Witness {
    readonly #connection: Connection;
    constructor(@inject(CONNECTION) connection: Connection) {
      this.#connection = connection;
    }
    @On('all') watch(event$: Observable<SshEvent>) {
      return event$.pipe(
        tap((event) => log.push(`${this.#connection.info.id} sees ${event.type} of ${String(event.connection?.id)}`)),
      );
    }
  }

  it('sees the events of its own connection, from the first to the last, in order', async () => {
    const server = await build({ handlers: [letIn, Witness, exec('true', () => 0)] });
    const events: SshEvent[] = [];
    server.events.all.subscribe((event) => events.push(event));

    const [ann, bob] = [await signIn(server), await signIn(server)];
    await bob.run('true');
    await ann.run('true');
    await ann.leave();
    await bob.leave();
    await settle();

    for (const id of ['c1', 'c2']) {
      const own = events.filter(({ connection }) => connection?.id === id);
      expect(log.filter((line) => line.startsWith(id))).toEqual(own.map(({ type }) => `${id} sees ${type} of ${id}`));
      expect(own.at(0)?.type).toBe('ConnectionRequest');
      expect(own.at(-1)?.type).toBe('Disconnected');
    }
  });

  it('that throws is reported with its connection and sees the next event', async () => {
    @SshHandler({ scope: 'connection' })
    class Nervous {
      @On('SSHChannelOpened') watch(opened$: Observable<SSHChannelOpened>) {
        return opened$.pipe(
          tap(({ channel }) => {
            log.push(channel);
            if (log.length === 1) throw new Error('startled');
          }),
        );
      }
    }
    const server = await build({ handlers: [letIn, Nervous, exec('true', () => 0)] });
    const errors: ErrorEvent[] = [];
    server.events.Error.subscribe((event) => errors.push(event));
    const client = await signIn(server);

    expect(await client.run('true')).toBe('0');
    expect(await client.run('true')).toBe('0');

    expect(log).toHaveLength(2);
    expect(errors.map(({ connection, source, error }) => [connection?.id, source, error.message])).toEqual([
      ['c1', 'Nervous.watch', 'Nervous.watch failed: startled'],
    ]);
  });
});
