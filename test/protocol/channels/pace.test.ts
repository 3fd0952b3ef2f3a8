import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Pace, type PaceWaiter } from '../../../src/protocol/channels/pace.js';
import { type FakeClock, fakeClock } from '../../../src/testing/fakes/fake-clock.js';
import { paceTime } from './pace-time.js';

const KiB = 1024;

/** Bytes that went through, and when. */
interface Passage {
  readonly at: number;
  readonly length: number;
}

/** Wants `wanted` bytes at a time, and comes back for more as soon as it has got some. */
class Sender implements PaceWaiter {
  readonly passages: Passage[] = [];
  readonly #pace: Pace;
  readonly #clock: FakeClock;
  readonly #wanted: number;

  constructor(pace: Pace, clock: FakeClock, wanted: number) {
    this.#pace = pace;
    this.#clock = clock;
    this.#wanted = wanted;
  }

  get total(): number {
    return this.passages.reduce((sum, { length }) => sum + length, 0);
  }

  start(): this {
    for (let length = this.#reserve(); length > 0; length = this.#reserve()) this.onTurn(length, false);
    return this;
  }

  onTurn(length: number, goesOn = true): void {
    this.passages.push({ at: this.#clock.now(), length });
    if (goesOn) this.start();
  }

  #reserve(): number {
    return this.#pace.reserve(this, this.#wanted);
  }
}

const NOBODY: PaceWaiter = { onTurn: () => undefined };

function setUp(bytesPerSecond: number): { readonly clock: FakeClock; readonly pace: Pace } {
  const clock = fakeClock();
  return { clock, pace: new Pace(paceTime(clock), bytesPerSecond) };
}

describe('Pace', () => {
  it.each([
    [1, 4 * KiB],
    [4 * KiB, 4 * KiB],
    [64 * KiB, 64 * KiB],
    [256 * KiB, 256 * KiB],
    [1_000_000, 256 * KiB],
    [100_000_000, 2_000_000],
  ])('at %i bytes per second lets a burst of %i through at once', (rate, burst) => {
    const { pace } = setUp(rate);

    expect(pace.burst).toBe(burst);
    expect(pace.reserve(NOBODY, Infinity)).toBe(burst);
    expect(pace.reserve(NOBODY, 1)).toBe(0);
  });

  it('never lets more through in any window than its rate allows for it and one burst', () => {
    const step = fc.record({
      pause: fc.nat({ max: 3000 }),
      wanted: fc.integer({ min: 1, max: 40_000 }),
      back: fc.nat({ max: 40_000 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 500_000 }), (steps, rate) => {
        const { clock, pace } = setUp(rate);
        const passages: Passage[] = [];
        for (const { pause, wanted, back } of steps) {
          clock.advance(pause);
          const length = pace.reserve(
            {
              onTurn: (late) => {
                passages.push({ at: clock.now(), length: late });
              },
            },
            wanted,
          );
          const unused = Math.min(length, back);
          pace.giveBack(unused);
          passages.push({ at: clock.now(), length: length - unused });
        }

        passages.forEach(({ at: start }, first) => {
          let through = 0;
          for (const { at, length } of passages.slice(first)) {
            through += length;
            expect(through * 1000).toBeLessThanOrEqual((at - start) * rate + pace.burst * 1000);
          }
        });
      }),
    );
  });

  it('loses nothing in the long run: an hour carries the rate of an hour and one burst, less than one turn', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30_000 }), fc.integer({ min: 1, max: 40_000 }), (rate, wanted) => {
        const { clock, pace } = setUp(rate);
        const sender = new Sender(pace, clock, wanted).start();
        clock.advance(60_000);

        const most = rate * 60 + pace.burst;
        expect(sender.total).toBeLessThanOrEqual(most);
        expect(sender.total).toBeGreaterThan(most - Math.max(1, rate / 10) - 1);
      }),
      { numRuns: 30 },
    );
  });

  it('schedules nothing while nobody waits', () => {
    const { clock, pace } = setUp(100);
    expect(clock.pending).toBe(0);
    pace.reserve(NOBODY, 4 * KiB);
    expect(clock.pending).toBe(0);
    pace.reserve(NOBODY, 1);
    expect(clock.pending).toBe(1);
    clock.advance(10);
    expect(clock.pending).toBe(0);
  });

  it('forgets who leaves, and its timer with the last', () => {
    const { clock, pace } = setUp(100);
    const turns: string[] = [];
    const ann: PaceWaiter = { onTurn: () => turns.push('ann') };
    const bob: PaceWaiter = { onTurn: () => turns.push('bob') };
    pace.reserve(NOBODY, 4 * KiB);
    pace.reserve(ann, 1);
    pace.reserve(bob, 1);

    pace.leave(ann);
    expect(clock.pending).toBe(1);
    clock.advance(20);
    expect(turns).toEqual(['bob']);

    pace.reserve(ann, 100);
    pace.leave(ann);
    expect(clock.pending).toBe(0);
  });

  it('divides the rate evenly among those who always want more, in turn', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 5_000, max: 40_000 }), { minLength: 2, maxLength: 5 }),
        fc.integer({ min: 1000, max: 50_000 }),
        (wants, rate) => {
          const { clock, pace } = setUp(rate);
          pace.reserve(NOBODY, Infinity);
          const senders = wants.map((wanted) => new Sender(pace, clock, wanted).start());
          clock.advance(30_000);

          const totals = senders.map(({ total }) => total);
          const turn = Math.ceil(rate / 10);
          expect(Math.max(...totals) - Math.min(...totals)).toBeLessThanOrEqual(turn);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('lets nobody in before those who wait, however little they want', () => {
    const { clock, pace } = setUp(1000);
    const turns: string[] = [];
    pace.reserve(NOBODY, Infinity);
    pace.reserve({ onTurn: (length) => turns.push(`large ${String(length)}`) }, 5000);
    clock.advance(99);

    expect(pace.reserve({ onTurn: (length) => turns.push(`small ${String(length)}`) }, 1)).toBe(0);
    clock.advance(1);
    expect(turns).toEqual(['large 100']);
    clock.advance(1);
    expect(turns).toEqual(['large 100', 'small 1']);
  });

  it('takes on a faster rate at once, for those who wait already, too', () => {
    const { clock, pace } = setUp(1);
    const turns: number[] = [];
    pace.reserve(NOBODY, Infinity);
    pace.reserve({ onTurn: () => turns.push(clock.now()) }, 1);
    clock.advance(100);
    pace.bytesPerSecond = 1000;
    clock.advance(1);

    expect(turns).toEqual([101]);
    expect(clock.pending).toBe(0);
  });

  it('takes on a slower rate at once, and keeps no more than the burst of that', () => {
    const { clock, pace } = setUp(256 * KiB);
    pace.bytesPerSecond = 1000;
    expect(pace.reserve(NOBODY, Infinity)).toBe(4 * KiB);

    const turns: number[] = [];
    pace.reserve({ onTurn: () => turns.push(clock.now()) }, 50);
    pace.bytesPerSecond = 10;
    clock.advance(10_000);
    expect(turns).toEqual([100]);
  });

  it('counts what was earned before a change at the rate of that time', () => {
    const { clock, pace } = setUp(1000);
    pace.reserve(NOBODY, Infinity);
    clock.advance(1000);
    pace.bytesPerSecond = 10;
    clock.advance(1000);

    expect(pace.reserve(NOBODY, Infinity)).toBe(1010);
  });

  it('gives nothing away when its clock is set back, and no more than a burst when it jumps ahead', () => {
    let now = 1_000_000;
    const pace = new Pace({ now: () => now, schedule: () => () => undefined }, 1000);
    pace.reserve(NOBODY, Infinity);
    now = 0;
    expect(pace.mostAtOnce).toBe(100);
    now = 500;
    expect(pace.mostAtOnce).toBe(500);
    now = 10 ** 12;
    expect(pace.mostAtOnce).toBe(4 * KiB);
  });

  it('looks again if its timer comes too early', () => {
    let now = 0;
    const timers: (() => void)[] = [];
    const pace = new Pace({ now: () => now, schedule: (_delay, work) => (timers.push(work), () => undefined) }, 1000);
    const turns: number[] = [];
    pace.reserve(NOBODY, Infinity);
    pace.reserve({ onTurn: () => turns.push(now) }, 10);
    now = 9;
    timers.shift()?.();
    expect(turns).toEqual([]);
    now = 10;
    timers.shift()?.();
    expect(turns).toEqual([10]);
    expect(timers).toEqual([]);
  });

  it('serves the others when one of those who wait throws', () => {
    const { clock, pace } = setUp(1000);
    const turns: string[] = [];
    pace.reserve(NOBODY, Infinity);
    pace.reserve(
      {
        onTurn: () => {
          throw new Error('broken');
        },
      },
      1,
    );
    pace.reserve({ onTurn: () => turns.push('next') }, 1);

    expect(() => {
      clock.advance(10);
    }).toThrow('broken');
    clock.advance(10);
    expect(turns).toEqual(['next']);
  });

  it.each([0, -1, 1.5, NaN, Infinity])('refuses a rate of %d', (rate) => {
    expect(() => setUp(rate)).toThrow(RangeError);
    const { pace } = setUp(5);
    expect(() => {
      pace.bytesPerSecond = rate;
    }).toThrow(RangeError);
    expect(pace.bytesPerSecond).toBe(5);
  });
});
