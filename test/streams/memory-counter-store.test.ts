import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MemoryCounterStore } from '../../src/streams/memory-counter-store.js';

const twoPerTen = { limit: 2, windowMs: 10 };

describe('MemoryCounterStore', () => {
  it('counts hits up to the limit and tells the count', () => {
    const store = new MemoryCounterStore();

    expect(store.hit('a', { ...twoPerTen, now: 0 })).toEqual({ allowed: true, count: 1 });
    expect(store.hit('a', { ...twoPerTen, now: 9 })).toEqual({ allowed: true, count: 2 });
    expect(store.hit('a', { ...twoPerTen, now: 9 })).toEqual({ allowed: false, count: 2 });
  });

  it('frees a place exactly when a hit leaves the window', () => {
    const store = new MemoryCounterStore();
    store.hit('a', { ...twoPerTen, now: 0 });
    store.hit('a', { ...twoPerTen, now: 5 });

    expect(store.hit('a', { ...twoPerTen, now: 9 })).toEqual({ allowed: false, count: 2 });
    expect(store.hit('a', { ...twoPerTen, now: 10 })).toEqual({ allowed: true, count: 2 });
    expect(store.hit('a', { ...twoPerTen, now: 14 })).toEqual({ allowed: false, count: 2 });
  });

  it('does not count a hit that it refuses', () => {
    const store = new MemoryCounterStore();
    for (const now of [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) store.hit('a', { ...twoPerTen, now });

    expect(store.hit('a', { ...twoPerTen, now: 10 })).toEqual({ allowed: true, count: 1 });
  });

  it('counts keys apart, and two stores apart', () => {
    const store = new MemoryCounterStore();
    store.hit('a', { limit: 1, windowMs: 10, now: 0 });

    expect(store.hit('b', { limit: 1, windowMs: 10, now: 0 }).allowed).toBe(true);
    expect(new MemoryCounterStore().hit('a', { limit: 1, windowMs: 10, now: 0 }).allowed).toBe(true);
    expect(store.hit('a', { limit: 1, windowMs: 10, now: 0 }).allowed).toBe(false);
  });

  it('forgets the key counted least recently once there are too many', () => {
    const store = new MemoryCounterStore({ maxKeys: 2 });
    const hit = (key: string) => store.hit(key, { limit: 2, windowMs: 10, now: 0 });
    hit('a');
    hit('b');
    hit('a');
    // Refused, so it does not make `a` any newer than its last counted hit.
    hit('a');
    hit('c');

    expect(store.size).toBe(2);
    expect(hit('a')).toEqual({ allowed: false, count: 2 });
    expect(hit('b')).toEqual({ allowed: true, count: 1 });
  });

  it('forgets keys whose window is over, without being asked for them', () => {
    const store = new MemoryCounterStore();
    for (let key = 0; key < 100; key += 1) store.hit(`old ${String(key)}`, { ...twoPerTen, now: 0 });
    for (let key = 0; key < 100; key += 1) store.hit('new', { limit: 100, windowMs: 10, now: 10 });

    expect(store.size).toBe(1);
  });

  it('stays within its bounds when 100,000 keys come in one window', () => {
    const store = new MemoryCounterStore();
    for (let key = 0; key < 100_000; key += 1) store.hit(String(key), { limit: 5, windowMs: 60_000, now: 0 });

    expect(store.size).toBe(10_000);
    expect(store.hit('99999', { limit: 5, windowMs: 60_000, now: 0 }).count).toBe(2);
    expect(store.hit('0', { limit: 5, windowMs: 60_000, now: 0 }).count).toBe(1);
  });

  it('tells long keys apart by their last character', () => {
    const store = new MemoryCounterStore();
    const long = 'x'.repeat(100_000);
    store.hit(`${long}a`, { limit: 1, windowMs: 10, now: 0 });

    expect(store.hit(`${long}a`, { limit: 1, windowMs: 10, now: 0 }).allowed).toBe(false);
    expect(store.hit(`${long}b`, { limit: 1, windowMs: 10, now: 0 }).allowed).toBe(true);
  });

  it('charges a hit for one window at most when the clock was set back', () => {
    const store = new MemoryCounterStore();
    store.hit('a', { limit: 1, windowMs: 10, now: 1_000_000 });

    expect(store.hit('a', { limit: 1, windowMs: 10, now: 0 }).allowed).toBe(false);
    expect(store.hit('a', { limit: 1, windowMs: 10, now: 9 }).allowed).toBe(false);
    expect(store.hit('a', { limit: 1, windowMs: 10, now: 10 }).allowed).toBe(true);
  });

  it('remembers the keys counted last, whatever came before', () => {
    const keys = fc.array(fc.nat({ max: 9 }).map(String), { maxLength: 150 });
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 5 }), (sequence, maxKeys) => {
        const store = new MemoryCounterStore({ maxKeys });
        // Limit and window are out of reach, so the count tells whether the key was remembered.
        let remembered: readonly (readonly [key: string, count: number])[] = [];
        for (const key of sequence) {
          const count = (remembered.find(([it]) => it === key)?.[1] ?? 0) + 1;
          const kept = remembered.filter(([it]) => it !== key);
          remembered = [...kept, [key, count] as const].slice(-maxKeys);

          expect(store.hit(key, { limit: 1_000, windowMs: 1_000, now: 0 })).toEqual({ allowed: true, count });
          expect(store.size).toBe(remembered.length);
        }
      }),
    );
  });

  it('agrees with a count over the whole past', () => {
    const hits = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), pause: fc.nat({ max: 6 }) }), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(
        hits,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 12 }),
        (sequence, limit, windowMs) => {
          const store = new MemoryCounterStore();
          const counted: { key: string; at: number }[] = [];
          let now = 0;
          for (const { key, pause } of sequence) {
            now += pause;
            const before = counted.filter((it) => it.key === key && now - it.at < windowMs).length;
            const allowed = before < limit;
            if (allowed) counted.push({ key, at: now });

            expect(store.hit(key, { limit, windowMs, now })).toEqual({ allowed, count: before + (allowed ? 1 : 0) });
          }
        },
      ),
    );
  });

  it('makes room from the window length with most keys, so that a flood pushes out its own kind', () => {
    const store = new MemoryCounterStore({ maxKeys: 10 });
    const rare = (key: string) => store.hit(key, { limit: 9, windowMs: 1_000_000, now: 0 });
    const flood = (key: string) => store.hit(key, { limit: 9, windowMs: 10, now: 0 });
    rare('a');
    rare('b');
    for (let key = 0; key < 1_000; key += 1) flood(String(key));

    expect(store.size).toBe(10);
    expect(rare('a').count).toBe(2);
    expect(rare('b').count).toBe(2);
    expect(flood('999').count).toBe(2);
    expect(flood('992').count).toBe(2);
    expect(flood('991').count).toBe(1);
  });

  it('leaves room for other windows when long ones have filled it', () => {
    const store = new MemoryCounterStore({ maxKeys: 10 });
    for (let key = 0; key < 100; key += 1) store.hit(String(key), { limit: 9, windowMs: 1_000_000, now: 0 });
    const quick = (key: string) => store.hit(key, { limit: 9, windowMs: 10, now: 0 }).count;
    for (const key of ['a', 'b', 'c', 'd', 'e']) quick(key);

    expect(['a', 'b', 'c', 'd', 'e'].map(quick)).toEqual([2, 2, 2, 2, 2]);
    expect(store.size).toBe(10);
  });

  it('forgets what has expired before anything that has not, whatever the window', () => {
    const store = new MemoryCounterStore({ maxKeys: 4 });
    const long = (key: string, now: number) => store.hit(key, { limit: 9, windowMs: 1_000, now }).count;
    for (const key of ['a', 'b', 'c']) long(key, 0);
    store.hit('expired', { ...twoPerTen, now: 0 });

    expect(long('d', 10)).toBe(1);
    expect(['a', 'b', 'c', 'd'].map((key) => long(key, 11))).toEqual([2, 2, 2, 2]);
  });

  it('keeps the key that was just counted, however little room there is', () => {
    const store = new MemoryCounterStore({ maxKeys: 1 });
    store.hit('a', { limit: 9, windowMs: 1_000, now: 0 });
    store.hit('b', { limit: 9, windowMs: 10, now: 0 });

    expect(store.hit('b', { limit: 9, windowMs: 10, now: 0 }).count).toBe(2);
    expect(store.hit('a', { limit: 9, windowMs: 1_000, now: 0 }).count).toBe(1);
  });

  it('stays within its bounds even if every hit has a window of its own', () => {
    const store = new MemoryCounterStore({ maxKeys: 100 });
    for (let windowMs = 1; windowMs <= 10_000; windowMs += 1) store.hit('a', { limit: 1, windowMs, now: 0 });

    expect(store.size).toBe(100);
  });

  describe('extend', () => {
    it('adds to what is left, which drains with time', () => {
      const store = new MemoryCounterStore();

      expect(store.extend('a', { addMs: 5, maxMs: 100, now: 0 })).toBe(5);
      expect(store.extend('a', { addMs: 5, maxMs: 100, now: 2 })).toBe(8);
      expect(store.extend('a', { addMs: 0, maxMs: 100, now: 9 })).toBe(1);
      expect(store.extend('a', { addMs: 0, maxMs: 100, now: 10 })).toBe(0);
    });

    it('never leaves more than the maximum', () => {
      const store = new MemoryCounterStore();
      store.extend('a', { addMs: 80, maxMs: 100, now: 0 });

      expect(store.extend('a', { addMs: 80, maxMs: 100, now: 0 })).toBe(100);
      expect(store.extend('a', { addMs: 0, maxMs: 100, now: 1 })).toBe(99);
    });

    it('starts from nothing once the time is over', () => {
      const store = new MemoryCounterStore();
      store.extend('a', { addMs: 5, maxMs: 100, now: 0 });

      expect(store.extend('a', { addMs: 5, maxMs: 100, now: 50 })).toBe(5);
    });

    it('remembers nothing of keys that were only asked for', () => {
      const store = new MemoryCounterStore();
      store.extend('a', { addMs: 0, maxMs: 100, now: 0 });

      expect(store.size).toBe(0);
    });

    it('leaves at most the maximum when the clock was set back', () => {
      const store = new MemoryCounterStore();
      store.extend('a', { addMs: 50, maxMs: 60, now: 1_000_000 });

      expect(store.extend('a', { addMs: 0, maxMs: 60, now: 0 })).toBe(60);
      expect(store.extend('a', { addMs: 0, maxMs: 60, now: 60 })).toBe(0);
    });

    it('is apart from the hits on the same key, and tells long keys apart', () => {
      const store = new MemoryCounterStore();
      const long = 'x'.repeat(100_000);
      store.hit(`${long}a`, { ...twoPerTen, now: 0 });
      store.extend(`${long}b`, { addMs: 5, maxMs: 5, now: 0 });

      expect(store.extend(`${long}a`, { addMs: 0, maxMs: 5, now: 0 })).toBe(0);
      expect(store.hit(`${long}b`, { ...twoPerTen, now: 0 }).count).toBe(1);
      expect(store.extend(`${long}b`, { addMs: 0, maxMs: 5, now: 0 })).toBe(5);
    });

    it('keeps every ban through a flood of a million hits', () => {
      const store = new MemoryCounterStore({ maxKeys: 100 });
      for (let key = 0; key < 100; key += 1) store.extend(String(key), { addMs: 60_000, maxMs: 60_000, now: 0 });
      for (let key = 0; key < 1_000_000; key += 1) store.hit(String(key), { limit: 3, windowMs: 60_000, now: 0 });

      for (let key = 0; key < 100; key += 1) {
        expect(store.extend(String(key), { addMs: 0, maxMs: 60_000, now: 0 })).toBe(60_000);
      }
      expect(store.size).toBe(200);
    });
  });

  describe('clear', () => {
    it('forgets the hits and the time of a key, and of no other', () => {
      const store = new MemoryCounterStore();
      for (const key of ['a', 'b']) {
        store.hit(key, { ...twoPerTen, now: 0 });
        store.hit(key, { limit: 2, windowMs: 99, now: 0 });
        store.extend(key, { addMs: 5, maxMs: 5, now: 0 });
      }
      store.clear('a');

      expect(store.size).toBe(3);
      expect(store.hit('a', { ...twoPerTen, now: 0 }).count).toBe(1);
      expect(store.extend('a', { addMs: 0, maxMs: 5, now: 0 })).toBe(0);
      expect(store.hit('b', { ...twoPerTen, now: 0 }).count).toBe(2);
      expect(store.extend('b', { addMs: 0, maxMs: 5, now: 0 })).toBe(5);
    });

    it('does not mind a key that it does not know', () => {
      const store = new MemoryCounterStore();
      store.clear('a');

      expect(store.size).toBe(0);
    });
  });

  it('holds ten thousand bans in less than 4 MiB, and a million more in no more', { timeout: 120_000 }, async () => {
    const measure = fileURLToPath(new URL('memory-of-bans.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--import', 'tsx', measure]);
    const { tenThousand, million, size } = JSON.parse(stdout) as Record<string, number>;

    expect(tenThousand).toBeLessThan(4 * 1024 * 1024);
    expect(million).toBeLessThan(4 * 1024 * 1024);
    expect(size).toBe(10_000);
  });

  it.each([0, -1, 1.5, NaN, Infinity])('refuses to remember %d keys', (maxKeys) => {
    expect(() => new MemoryCounterStore({ maxKeys })).toThrow(
      expect.objectContaining({
        code: 'ERR_SSH_OPTION',
        message: `MemoryCounterStore: maxKeys must be an integer of at least 1, got ${String(maxKeys)}`,
      }),
    );
  });
});
