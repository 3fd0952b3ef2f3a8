import { Redis } from 'ioredis';
import { DenyReason } from 'rxsshd';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { redisCounterStore, type RedisCounterStore } from '../src/redis-counter-store.js';
import type { RedisStoreSettings } from '../src/store-options.js';
import { knock } from './knock.js';
import { redisProgram, RedisServer } from './redis-server.js';

const once = { limit: 1, windowMs: 3_600_000, now: 0 };

/** More than any outage of these tests, so that no command is late unless Redis hangs. */
const PATIENT = { commandTimeoutMs: 20_000 };

const storeError = (code: string): unknown => expect.objectContaining({ name: 'RedisStoreError', code });

describe.skipIf(redisProgram.missing.length > 0)(redisProgram.title('a counter store whose Redis is away'), () => {
  let redis: RedisServer;
  let store: RedisCounterStore;

  beforeEach(async () => {
    redis = await RedisServer.prepare();
  });

  afterEach(async () => {
    await store.close();
    await redis[Symbol.asyncDispose]();
  });

  const open = (settings: RedisStoreSettings = PATIENT): RedisCounterStore => {
    store = redisCounterStore({ url: redis.socket, ...settings });
    return store;
  };

  /** Hits until there is an answer: connecting again takes its time. */
  const hitOnceBack = async (key: string): Promise<unknown> => {
    for (;;) {
      try {
        return await store.hit(key, once);
      } catch {
        await new Promise(setImmediate);
      }
    }
  };

  /** A store that waits for next to nothing, connected. On a busy machine that may take more than one attempt. */
  const openImpatient = async (): Promise<void> => {
    open({ commandTimeoutMs: 50 });
    await hitOnceBack('a');
  };

  it('waits for the connection that is being made', async () => {
    await redis.start();

    expect(await open().hit('a', once)).toEqual({ allowed: true, count: 1 });
  });

  it('says at once that there is no Redis, and why', async () => {
    open();

    await expect(store.hit('a', once)).rejects.toMatchObject({
      name: 'RedisStoreError',
      code: 'ERR_REDIS_AWAY',
      cause: expect.objectContaining({ code: 'ENOENT' }) as unknown,
    });
    await expect(store.extend('a', { addMs: 1, maxMs: 1, now: 0 })).rejects.toEqual(storeError('ERR_REDIS_AWAY'));
    await expect(store.clear('a')).rejects.toEqual(storeError('ERR_REDIS_AWAY'));
  });

  it('finds a Redis that was started later', async () => {
    open();
    await expect(store.hit('a', once)).rejects.toEqual(storeError('ERR_REDIS_AWAY'));
    await redis.start();

    expect(await hitOnceBack('a')).toEqual({ allowed: true, count: 1 });
  });

  it('fails while Redis is away and counts again once it is back', async () => {
    await redis.start();
    await open().hit('a', once);
    await redis.kill();
    await expect(store.hit('a', once)).rejects.toEqual(storeError('ERR_REDIS_AWAY'));
    await redis.start();

    // It came back without its memory.
    expect(await hitOnceBack('a')).toEqual({ allowed: true, count: 1 });
    expect(await store.hit('a', once)).toEqual({ allowed: false, count: 1 });
  });

  it("says at once that there is no Redis when the application's client has given up", async () => {
    await redis.start();
    const client = new Redis(redis.socket, { retryStrategy: () => null });
    store = redisCounterStore({ client, ...PATIENT });
    await store.hit('a', once);
    const ended = new Promise((resolve) => client.once('end', resolve));
    await redis.kill();
    await ended;

    await expect(store.hit('a', once)).rejects.toEqual(storeError('ERR_REDIS_AWAY'));
    await store.close();
    store = redisCounterStore({ client, ...PATIENT });
    await expect(store.hit('a', once)).rejects.toEqual(storeError('ERR_REDIS_AWAY'));
  });

  it('fails what Redis was asked when it went away, and does not ask again', async () => {
    await redis.start();
    await open().hit('a', once);
    redis.hang();
    const asked = store.hit('b', once);
    const failed = expect(asked).rejects.toEqual(storeError('ERR_REDIS_AWAY'));
    await redis.kill();
    await failed;
    await redis.start();
    await hitOnceBack('a');

    expect(await redis.ask((client) => client.keys('*b*'))).toEqual([]);
  });

  it('waits no longer than it was told for a Redis that hangs, and comes back by itself', async () => {
    await redis.start();
    await openImpatient();
    redis.hang();
    await expect(store.hit('a', once)).rejects.toEqual(storeError('ERR_REDIS_TIMEOUT'));
    redis.resume();

    expect(await hitOnceBack('a')).toEqual({ allowed: false, count: 1 });
  });

  it('leaves the connection to a Redis that hangs, so that nothing piles up there', async () => {
    await redis.start();
    await openImpatient();
    redis.hang();
    const codes = new Set<unknown>();
    while (!codes.has('ERR_REDIS_AWAY')) {
      await store.hit('a', once).catch((error: unknown) => {
        codes.add((error as { readonly code: unknown }).code);
      });
      // Some fail at once, and the socket needs its turn.
      await new Promise(setImmediate);
    }

    expect(codes).toEqual(new Set(['ERR_REDIS_TIMEOUT', 'ERR_REDIS_AWAY']));
  });

  it('lets no more than so many commands wait', async () => {
    await redis.start();
    await open({ ...PATIENT, maxPending: 2 }).hit('a', once);
    redis.hang();
    const waiting = [store.hit('b', once), store.hit('c', once)];
    await expect(store.hit('d', once)).rejects.toEqual(storeError('ERR_REDIS_BUSY'));
    redis.resume();

    expect(await Promise.all(waiting)).toHaveLength(2);
    expect(await store.hit('d', once)).toEqual({ allowed: true, count: 1 });
  });

  it('passes on what Redis itself says', async () => {
    await redis.start();
    await open().hit('a', once);
    await redis.ask((client) => client.set('rxsshd:{b}:hits', 'no sorted set'));

    await expect(store.hit('b', once)).rejects.toThrow(/WRONGTYPE/);
  });

  describe('in a rate limit', () => {
    it('denies with the failure, and limits again once Redis is back', async () => {
      await redis.start();
      open();
      expect(await knock(store, { limit: 1 })).toMatchObject({ state: 'open' });
      await redis.kill();
      expect(await knock(store, { limit: 1 })).toMatchObject({
        state: 'denied',
        reason: DenyReason.PolicyFailed,
        cause: { code: 'ERR_REDIS_AWAY' },
      });
      await redis.start();
      await hitOnceBack('a');

      expect(await knock(store, { limit: 1 })).toMatchObject({ state: 'open' });
      expect(await knock(store, { limit: 1 })).toMatchObject({ state: 'denied', reason: DenyReason.RateLimited });
    });

    it('lets pass if it was told so', async () => {
      expect(await knock(open(), { limit: 1, onStoreFailure: 'allow' })).toMatchObject({ state: 'open' });
      expect(await knock(store, { limit: 1, onStoreFailure: 'allow' })).toMatchObject({ state: 'open' });
    });
  });

  describe('when it is closed', () => {
    it('refuses what comes, answers what was asked, and disconnects, however often it is closed', async () => {
      await redis.start();
      await open().hit('a', once);
      const asked = store.hit('b', once);
      await Promise.all([store.close(), store.close()]);

      expect(await asked).toEqual({ allowed: true, count: 1 });
      await expect(store.hit('a', once)).rejects.toEqual(storeError('ERR_REDIS_CLOSED'));
      await expect(store.clear('a')).rejects.toEqual(storeError('ERR_REDIS_CLOSED'));
      // Whoever asks is the only one.
      const clients = await redis.ask((client) => client.client('LIST'));
      expect(String(clients).trim().split('\n')).toHaveLength(1);
    });

    it('waits neither for a Redis that is away nor for one that hangs', async () => {
      await open().close();
      await redis.start();
      await openImpatient();
      redis.hang();
      await store.close();

      await expect(store.hit('a', once)).rejects.toEqual(storeError('ERR_REDIS_CLOSED'));
    });
  });

  describe('with the client of an application', () => {
    it('leaves it open and lets go of it', async () => {
      await redis.start();
      const client = new Redis(redis.socket, { lazyConnect: true });
      try {
        store = redisCounterStore({ client, ...PATIENT });
        const idle = client.listenerCount('close');

        expect(await store.hit('a', once)).toEqual({ allowed: true, count: 1 });
        await store.close();
        expect(await client.ping()).toBe('PONG');
        expect(client.listenerCount('close')).toBe(idle - 1);
      } finally {
        client.disconnect();
      }
    });

    it('waits for a connection that was cut and is being made again', async () => {
      await redis.start();
      const client = new Redis(redis.socket);
      try {
        store = redisCounterStore({ client, ...PATIENT });
        await store.hit('a', once);
        const cut = new Promise((resolve) => client.once('close', resolve));
        await redis.ask((other) => other.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
        await cut;

        expect(await store.hit('b', once)).toEqual({ allowed: true, count: 1 });
      } finally {
        client.disconnect();
      }
    });

    it('puts nothing in its queue while Redis is away', async () => {
      const client = new Redis(redis.socket, { lazyConnect: true, maxRetriesPerRequest: null });
      client.on('error', () => undefined);
      try {
        store = redisCounterStore({ client, ...PATIENT });
        await expect(store.hit('a', once)).rejects.toEqual(storeError('ERR_REDIS_AWAY'));
        await redis.start();
        await hitOnceBack('b');

        expect(await redis.ask((other) => other.keys('*'))).toEqual(['rxsshd:{b}:hits']);
      } finally {
        client.disconnect();
      }
    });
  });
});
