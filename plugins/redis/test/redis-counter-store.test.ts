import path from 'node:path';

import fc from 'fast-check';
import { type HitResult, type HitWindow, MemoryCounterStore } from 'rxsshd';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { RunningProgram } from '../../../test/support/running-program.js';
import { redisCounterStore, type RedisCounterStore } from '../src/redis-counter-store.js';
import type { RedisStoreSettings } from '../src/store-options.js';
import { knockAtOnce, LIMIT } from './knock.js';
import { redisProgram, RedisServer } from './redis-server.js';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const HOUR = 3_600_000;

describe.skipIf(redisProgram.missing.length > 0)(redisProgram.title('a counter store in Redis'), () => {
  let redis: RedisServer;
  const stores: RedisCounterStore[] = [];
  let prefixes = 0;

  beforeAll(async () => {
    redis = await RedisServer.start();
  });

  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await redis[Symbol.asyncDispose]();
  });

  /** A store that counts apart from all others unless it is given a prefix. Nothing here measures how fast Redis is. */
  const open = (settings: RedisStoreSettings = {}): RedisCounterStore => {
    prefixes += 1;
    const store = redisCounterStore({
      url: redis.socket,
      keyPrefix: `test ${String(prefixes)}:`,
      commandTimeoutMs: 60_000,
      ...settings,
    });
    stores.push(store);
    return store;
  };

  const keysIn = (prefix: string): Promise<readonly (readonly [name: string, ttlMs: number])[]> =>
    redis.ask(async (client) => {
      const names = await client.keys(`${prefix}*`);
      return Promise.all(names.sort().map(async (name) => [name, await client.pttl(name)] as const));
    });

  describe('shared', () => {
    it('lets two processes enforce one limit together, to the hit', async () => {
      const times = 3 * LIMIT;
      const program = RunningProgram.start(
        process.execPath,
        ['--import', 'tsx', 'plugins/redis/test/fixtures/knocking-process.ts', redis.socket, String(times)],
        { cwd: ROOT },
      );
      const own = open({ keyPrefix: 'rxsshd:' });
      // Both knock at the same time, or one after the other; the limit is the same.
      const here = await knockAtOnce(own, LIMIT / 2);
      const { stdout, stderr, status } = await program.finished;

      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const there = Number(/passed (\d+)/.exec(stdout.toString())?.[1]);
      expect(here + there + (await knockAtOnce(own, times))).toBe(LIMIT);
    }, 60_000);

    it('lets no hit slip through when many stores hit at once', async () => {
      const crowd = Array.from({ length: 8 }, () => open({ keyPrefix: 'crowd:' }));
      const results = await Promise.all(
        crowd.flatMap((store) =>
          Array.from({ length: 25 }, () => store.hit('a', { limit: 40, windowMs: HOUR, now: 0 })),
        ),
      );

      expect(results.filter(({ allowed }) => allowed).map(({ count }) => count)).toEqual(
        expect.arrayContaining(Array.from({ length: 40 }, (_count, index) => index + 1)),
      );
      expect(results.filter(({ allowed }) => allowed)).toHaveLength(40);
    });

    it('counts apart under another prefix', async () => {
      const once = { limit: 1, windowMs: HOUR, now: 0 };

      expect(await open().hit('a', once)).toEqual({ allowed: true, count: 1 });
      expect(await open().hit('a', once)).toEqual({ allowed: true, count: 1 });
    });
  });

  describe('in time', () => {
    it('goes by the clock of Redis, whatever the clocks of the callers say', async () => {
      const [early, late] = [open({ keyPrefix: 'clock:' }), open({ keyPrefix: 'clock:' })];
      const twice = { limit: 2, windowMs: HOUR };

      expect(await early.hit('a', { ...twice, now: 0 })).toEqual({ allowed: true, count: 1 });
      expect(await late.hit('a', { ...twice, now: 1e15 })).toEqual({ allowed: true, count: 2 });
      expect(await early.hit('a', { ...twice, now: 5e14 })).toEqual({ allowed: false, count: 2 });
      expect(await late.extend('a', { addMs: HOUR, maxMs: HOUR, now: 1e15 })).toBe(HOUR);
      // A while has gone by, even if Redis has not seen a millisecond of it.
      expect(await early.extend('a', { addMs: 0, maxMs: HOUR, now: 0 })).toBeGreaterThan(HOUR / 2);
    });

    it('frees a place when the window is over, and not before', async () => {
      const store = open();
      const once: HitWindow = { limit: 1, windowMs: 200, now: 0 };
      const startedAt = performance.now();
      await store.hit('a', once);
      let result: HitResult;
      do result = await store.hit('a', once);
      while (!result.allowed);

      // Redis counts whole milliseconds.
      expect(performance.now() - startedAt).toBeGreaterThan(199);
      expect(result).toEqual({ allowed: true, count: 1 });
    });

    it('keeps nothing for ever', async () => {
      const store = open({ keyPrefix: 'expiring:' });
      await store.hit('a', { limit: 2, windowMs: HOUR, now: 0 });
      await store.hit('b', { limit: 2, windowMs: 0.5, now: 0 });
      await store.extend('a', { addMs: 2 * HOUR, maxMs: HOUR, now: 0 });
      await store.extend('c', { addMs: Infinity, maxMs: Infinity, now: 0 });
      const [hitsOfA, timeOfA, timeOfC] = (await keysIn('expiring:')).filter(([name]) => !name.includes('{b}'));

      for (const [, ttlMs] of [hitsOfA, timeOfA].map((it) => it ?? ['', NaN])) {
        expect(ttlMs).toBeGreaterThan(HOUR / 2);
        expect(ttlMs).toBeLessThanOrEqual(HOUR + 1_000);
      }
      expect(timeOfC?.[1]).toBeGreaterThan(50 * 365 * 24 * HOUR);
    });

    it('leaves nothing behind of what was only asked for or refused', async () => {
      const store = open({ keyPrefix: 'asked:' });

      expect(await store.extend('a', { addMs: 0, maxMs: HOUR, now: 0 })).toBe(0);
      await store.extend('b', { addMs: HOUR, maxMs: HOUR, now: 0 });
      expect(await store.extend('b', { addMs: HOUR, maxMs: 0, now: 0 })).toBe(0);
      expect(await keysIn('asked:')).toEqual([]);
    });
  });

  describe('with keys', () => {
    it('tells them apart, and keeps their names short', async () => {
      const store = open({ keyPrefix: 'named:' });
      const long = 'x'.repeat(100_000);
      const keys = ['', 'a', 'A', 'a{b}', 'a}b', '}', '{}', '*', 'ü/2/10', 'x'.repeat(64), `${long}a`, `${long}b`];
      for (const key of keys) {
        expect(await store.hit(key, { limit: 1, windowMs: HOUR, now: 0 })).toEqual({ allowed: true, count: 1 });
        await store.extend(key, { addMs: HOUR, maxMs: HOUR, now: 0 });
      }
      for (const key of keys) {
        expect(await store.hit(key, { limit: 1, windowMs: HOUR, now: 0 })).toEqual({ allowed: false, count: 1 });
      }
      const names = (await keysIn('named:')).map(([name]) => name);

      expect(names).toHaveLength(2 * keys.length);
      expect(Math.max(...names.map(({ length }) => length))).toBeLessThan(100);
    });

    it('keeps what belongs to one key on one node of a cluster', async () => {
      const store = open({ keyPrefix: 'slot:' });
      for (const key of ['a', '}', 'a{b', '']) {
        await store.hit(key, { limit: 1, windowMs: HOUR, now: 0 });
        await store.extend(key, { addMs: HOUR, maxMs: HOUR, now: 0 });
      }
      // What stands between the first braces says where a key lies (Redis cluster specification, hash tags).
      const tags = (await keysIn('slot:')).map(([name]) => /\{([^}]+)\}/.exec(name)?.[1]);

      expect(tags).not.toContain(undefined);
      expect(new Set(tags).size).toBe(4);
    });

    it('forgets the hits and the time of one, and of no other', async () => {
      const store = open();
      for (const key of ['a', 'b']) {
        await store.hit(key, { limit: 1, windowMs: HOUR, now: 0 });
        await store.extend(key, { addMs: HOUR, maxMs: HOUR, now: 0 });
      }
      await store.clear('a');
      await store.clear('unknown');

      expect(await store.extend('a', { addMs: 0, maxMs: HOUR, now: 0 })).toBe(0);
      expect(await store.hit('a', { limit: 1, windowMs: HOUR, now: 0 })).toEqual({ allowed: true, count: 1 });
      expect(await store.extend('b', { addMs: 0, maxMs: HOUR, now: 0 })).toBeGreaterThan(0);
      expect(await store.hit('b', { limit: 1, windowMs: HOUR, now: 0 })).toEqual({ allowed: false, count: 1 });
    });
  });

  describe('by the clock of the caller', () => {
    type Step =
      | { readonly does: 'hit'; readonly key: string; readonly pause: number }
      | { readonly does: 'clear'; readonly key: string; readonly pause: number }
      | {
          readonly does: 'extend';
          readonly key: string;
          readonly pause: number;
          readonly addMs: number;
          readonly maxMs: number;
        };

    const steps = (keys: readonly string[], pause: fc.Arbitrary<number>): fc.Arbitrary<Step[]> => {
      const place = { key: fc.constantFrom(...keys), pause };
      const addMs = fc.nat({ max: 8 });
      const hit = fc.record({ does: fc.constant('hit' as const), ...place });
      const extend = fc.record({ does: fc.constant('extend' as const), ...place, addMs, maxMs: fc.nat({ max: 20 }) });
      const clear = fc.record({ does: fc.constant('clear' as const), ...place });
      return fc.array(
        fc.oneof({ weight: 8, arbitrary: hit }, { weight: 4, arbitrary: extend }, { weight: 1, arbitrary: clear }),
        { maxLength: 60 },
      );
    };

    /** Puts the same steps to both stores and compares all they say. */
    const agrees = async (store: RedisCounterStore, sequence: readonly Step[], limit: number, windowMs: number) => {
      const model = new MemoryCounterStore();
      let now = 1_763_832_000_000;
      const said: unknown[] = [];
      const expected: unknown[] = [];
      for (const step of sequence) {
        now += step.pause;
        const { key } = step;
        switch (step.does) {
          case 'hit':
            said.push(await store.hit(key, { limit, windowMs, now }));
            expected.push(model.hit(key, { limit, windowMs, now }));
            break;
          case 'extend':
            said.push(await store.extend(key, { addMs: step.addMs, maxMs: step.maxMs, now }));
            expected.push(model.extend(key, { addMs: step.addMs, maxMs: step.maxMs, now }));
            break;
          case 'clear':
            await store.clear(key);
            model.clear(key);
        }
      }
      for (const { key } of sequence) await store.clear(key);
      expect(said).toEqual(expected);
    };

    const limits = fc.integer({ min: 1, max: 4 });
    const windows = fc.integer({ min: 1, max: 12 });

    it('does as the store in memory does', async () => {
      const store = open({ clock: 'caller' });
      await fc.assert(
        fc.asyncProperty(steps(['a', 'b', 'c'], fc.nat({ max: 6 })), limits, windows, (sequence, limit, windowMs) =>
          agrees(store, sequence, limit, windowMs),
        ),
      );
    }, 60_000);

    it('does so as well when the clock is set back', async () => {
      const store = open({ clock: 'caller' });
      // One key, since the store in memory forgets a key for good while it is asked for another.
      await fc.assert(
        fc.asyncProperty(steps(['a'], fc.integer({ min: -20, max: 6 })), limits, windows, (sequence, limit, windowMs) =>
          agrees(store, sequence, limit, windowMs),
        ),
      );
    }, 60_000);

    it('keeps the fractions of a millisecond', async () => {
      const store = open({ clock: 'caller' });
      const since = 1_763_832_000_000;
      const hitAt = (ms: number) => store.hit('a', { limit: 1, windowMs: 1.5, now: since + ms });
      await hitAt(0.28125);

      expect(await hitAt(1.765625)).toEqual({ allowed: false, count: 1 });
      expect(await hitAt(1.78125)).toEqual({ allowed: true, count: 1 });
      expect(await store.extend('a', { addMs: 2.5, maxMs: 10, now: since })).toBe(2.5);
      expect(await store.extend('a', { addMs: 0, maxMs: 10, now: since + 1.25 })).toBe(1.25);
    });
  });
});
