import { createRequire } from 'node:module';

import { inject } from 'inversify';
import { firstValueFrom, type Observable } from 'rxjs';
import {
  type ConnectionRequest,
  COUNTER_STORE,
  type CounterStore,
  createServer,
  Decide,
  DenyReason,
  generateHostKey,
  rateLimit,
  type RateLimitOptions,
  SshHandler,
  type SshServer,
  type Verdict,
} from 'rxsshd';
import { loopback } from 'rxsshd/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { redisPlugin } from '../src/redis-plugin.js';
import { redisProgram, RedisServer } from './redis-server.js';

const { hostKey } = await generateHostKey('ssh-ed25519');

/** A server that takes two connections an hour, and the store that it counts them in. */
async function serverOn(url: string, choices: Pick<RateLimitOptions<unknown>, 'onStoreFailure'> = {}) {
  const injected: CounterStore[] = [];

  @SshHandler()
  class Door {
    readonly #counters: CounterStore;

    constructor(@inject(COUNTER_STORE) counters: CounterStore) {
      injected.push(counters);
      this.#counters = counters;
    }

    @Decide('ConnectionRequest')
    enter(verdict$: Observable<Verdict<ConnectionRequest>>) {
      const keyOf = () => 'everybody';
      return verdict$.pipe(rateLimit({ limit: 2, windowMs: 3_600_000, keyOf, store: this.#counters, ...choices }));
    }
  }

  const plugins = [redisPlugin({ url, commandTimeoutMs: 20_000 })];
  const server = await createServer({ hostKeys: [hostKey], handlers: [Door], plugins, onWarning: () => undefined });
  return { server, injected };
}

/** Connects once and says what became of it. */
async function connectTo(server: SshServer): Promise<unknown> {
  const decided = firstValueFrom(server.events.Decided);
  const client = loopback(server);
  // A client that is turned away is told so by the end of its stream.
  client.on('error', () => undefined);
  const decision = await decided;
  client.destroy();
  return decision;
}

describe('redisPlugin', () => {
  it('has the name and version of its package', () => {
    const { name, version } = createRequire(import.meta.url)('../package.json') as Record<string, unknown>;

    expect(redisPlugin({ url: 'redis://127.0.0.1' })).toMatchObject({ name, version });
  });

  it('checks its options before a server is built', () => {
    expect(() => redisPlugin({ url: 'localhost' })).toThrow(
      expect.objectContaining({
        code: 'ERR_SSH_OPTION',
        message: 'redisCounterStore: url must begin with redis://, rediss:// or the / of a path',
      }),
    );
  });
});

describe.skipIf(redisProgram.missing.length > 0)(redisProgram.title('servers with the plugin'), () => {
  let redis: RedisServer;
  const servers: SshServer[] = [];

  beforeEach(async () => {
    redis = await RedisServer.start();
  });

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.shutdown({ graceMs: 0 })));
    await redis[Symbol.asyncDispose]();
  });

  const open = async (...options: Parameters<typeof serverOn> extends [string, ...infer Rest] ? Rest : never) => {
    const made = await serverOn(redis.socket, ...options);
    servers.push(made.server);
    return made;
  };

  it('count together', async () => {
    const [{ server: one }, { server: two }] = [await open(), await open()];

    expect(await connectTo(one)).toMatchObject({ outcome: 'granted' });
    expect(await connectTo(two)).toMatchObject({ outcome: 'granted' });
    expect(await connectTo(one)).toMatchObject({ outcome: 'denied', reason: DenyReason.RateLimited });
    expect(await connectTo(two)).toMatchObject({ outcome: 'denied', reason: DenyReason.RateLimited });
  });

  it('close the store when they shut down', async () => {
    const { server, injected } = await open();
    await connectTo(server);
    await server.shutdown({ graceMs: 0 });

    expect(injected).toHaveLength(1);
    await expect(injected[0]?.hit('a', { limit: 1, windowMs: 1, now: 0 })).rejects.toMatchObject({
      code: 'ERR_REDIS_CLOSED',
    });
  });

  it('turn clients away while Redis is away', async () => {
    const { server } = await open();
    await redis.kill();

    expect(await connectTo(server)).toMatchObject({ outcome: 'denied', reason: DenyReason.PolicyFailed });
  });

  it('let clients in all the same, and report it, if they were told so', async () => {
    const { server } = await open({ onStoreFailure: 'allow' });
    await redis.kill();
    const reported = firstValueFrom(server.events.Error);

    expect(await connectTo(server)).toMatchObject({ outcome: 'granted' });
    expect(await reported).toMatchObject({ error: { cause: { code: 'ERR_REDIS_AWAY' } } });
  });
});
