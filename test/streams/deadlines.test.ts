import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Deadlines } from '../../src/streams/deadlines.js';

const MAX = 1_000_000;

const KEYS = Array.from({ length: 26 }, (_, index) => String(index));

/** Pushes `key` to `addMs` from now on. */
const push = (deadlines: Deadlines, key: string, addMs: number, now = 0): number =>
  deadlines.extend(key, { addMs, maxMs: MAX, now });

const left = (deadlines: Deadlines, key: string, now = 0): number => push(deadlines, key, 0, now);

describe('Deadlines', () => {
  it('makes room by forgetting the key that runs out first', () => {
    const deadlines = new Deadlines(2);
    push(deadlines, 'short', 10);
    push(deadlines, 'long', 100);
    push(deadlines, 'newer', 50);

    expect([left(deadlines, 'short'), left(deadlines, 'long'), left(deadlines, 'newer')]).toEqual([0, 100, 50]);
  });

  it('keeps a newcomer that runs out before all others, so that a full table still bans', () => {
    const deadlines = new Deadlines(2);
    push(deadlines, 'a', 100);
    push(deadlines, 'b', 90);
    push(deadlines, 'newcomer', 1);

    expect([left(deadlines, 'a'), left(deadlines, 'b'), left(deadlines, 'newcomer')]).toEqual([100, 0, 1]);
  });

  it('loses no long ban to a flood of short ones but the one whose place the first took', () => {
    const deadlines = new Deadlines(100);
    for (let key = 0; key < 100; key += 1) push(deadlines, `long ${String(key)}`, 500 + key);
    for (let key = 0; key < 10_000; key += 1) push(deadlines, `short ${String(key)}`, 10);

    const lost = Array.from({ length: 100 }, (_, key) => key).filter(
      (key) => left(deadlines, `long ${String(key)}`) === 0,
    );
    expect(lost).toEqual([0]);
  });

  it('forgets keys that are over, without being asked for them', () => {
    const deadlines = new Deadlines(1_000);
    for (let key = 0; key < 100; key += 1) push(deadlines, String(key), 10);
    for (let asked = 0; asked < 50; asked += 1) left(deadlines, 'other', 10);

    expect(deadlines.size).toBe(0);
  });

  it('does not mind to delete a key that it does not know', () => {
    const deadlines = new Deadlines(10);
    push(deadlines, 'a', 10);
    deadlines.delete('b');

    expect(left(deadlines, 'a')).toBe(10);
  });

  it('agrees with a list that is searched from end to end', () => {
    const step = fc.record({
      key: fc.constantFrom(...KEYS),
      // Coarse steps and fine ones, so that keys run out one after another and hardly ever together.
      addMs: fc.nat({ max: 4_000 }),
      pause: fc.nat({ max: 50 }),
      remove: fc.nat({ max: 3 }).map((chance) => chance === 0),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 300, size: 'max' }),
        fc.integer({ min: 1, max: 24 }),
        (steps, maxKeys) => {
          const deadlines = new Deadlines(maxKeys);
          let model: readonly { readonly key: string; readonly endsAt: number }[] = [];
          let now = 0;
          for (const { key, addMs, pause, remove } of steps) {
            now += pause;
            model = model.filter(({ endsAt }) => endsAt > now);
            if (remove) {
              deadlines.delete(key);
              model = model.filter((it) => it.key !== key);
              continue;
            }
            const known = model.find((it) => it.key === key);
            const expected = Math.min((known?.endsAt ?? now) - now + addMs, MAX);
            const others = model.filter((it) => it.key !== key);
            const first = Math.min(...others.map(({ endsAt }) => endsAt));
            const evicts = known === undefined && expected > 0 && others.length >= maxKeys;
            const kept = evicts ? others.filter(({ endsAt }) => endsAt !== first) : others;
            // Which of two that run out at once goes is left open.
            if (others.length - kept.length > 1) return;
            model = expected > 0 ? [...kept, { key, endsAt: now + expected }] : kept;

            expect(push(deadlines, key, addMs, now)).toBe(expected);
            expect(deadlines.size).toBeLessThanOrEqual(maxKeys);
          }
          for (const key of KEYS) {
            const known = model.find((it) => it.key === key);
            expect(left(deadlines, key, now)).toBe((known?.endsAt ?? now) - now);
          }
        },
      ),
    );
  });
});
