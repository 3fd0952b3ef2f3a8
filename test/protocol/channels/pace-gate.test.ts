import { describe, expect, it } from 'vitest';

import { Pace } from '../../../src/protocol/channels/pace.js';
import { PaceGate } from '../../../src/protocol/channels/pace-gate.js';
import { type FakeClock, fakeClock } from '../../../src/testing/fakes/fake-clock.js';
import { paceTime } from './pace-time.js';

/** Passes as much as it may, `packet` bytes at a time. */
class Traveller {
  readonly gate: PaceGate;
  readonly #packet: number;
  total = 0;

  constructor(paces: readonly Pace[], packet: number) {
    this.#packet = packet;
    this.gate = new PaceGate(() => {
      this.go();
    });
    for (const pace of paces) this.gate.add(pace);
  }

  go(): this {
    for (let length = this.gate.allowance(this.#packet); length > 0; length = this.gate.allowance(this.#packet)) {
      this.gate.pass(length);
      this.total += length;
    }
    return this;
  }
}

function emptyPace(clock: FakeClock, bytesPerSecond: number): Pace {
  const pace = new Pace(paceTime(clock), bytesPerSecond);
  pace.reserve({ onTurn: () => undefined }, Infinity);
  return pace;
}

describe('PaceGate', () => {
  it('lets all through while it has no pace', () => {
    const gate = new PaceGate(() => undefined);

    expect(gate.isEmpty).toBe(true);
    expect(gate.allowance(1_000_000)).toBe(1_000_000);
  });

  it.each([
    [1000, 5000],
    [5000, 1000],
  ])('goes by the slowest pace: %i and %i', (first, second) => {
    const clock = fakeClock();
    const traveller = new Traveller([emptyPace(clock, first), emptyPace(clock, second)], 10_000).go();
    clock.advance(60_000);

    expect(traveller.total).toBe(60_000);
  });

  it('takes from the faster pace no more than has passed, so that others get the rest of it', () => {
    const clock = fakeClock();
    const shared = emptyPace(clock, 10_000);
    const slow = new Traveller([shared, emptyPace(clock, 100)], 32_768).go();
    const free = new Traveller([shared], 32_768).go();
    clock.advance(60_000);

    expect(slow.total).toBeLessThanOrEqual(6000);
    expect(slow.total).toBeGreaterThan(5950);
    expect(free.total).toBeGreaterThan(590_000);
    expect(slow.total + free.total).toBeLessThanOrEqual(600_000);
  });

  it('sets no more aside at a pace than the slowest one lets through', () => {
    const clock = fakeClock();
    const fast = new Pace(paceTime(clock), 64 * 1024);
    const gate = new PaceGate(() => undefined);
    gate.add(fast);
    gate.add(emptyPace(clock, 100));

    expect(gate.allowance(32_768)).toBe(0);
    expect(fast.mostAtOnce).toBe(64 * 1024 - 10);
  });

  it('divides two shared paces evenly, without anybody losing a place at one while waiting at the other', () => {
    const clock = fakeClock();
    for (const [first, second] of [
      [1000, 1000],
      [1000, 1001],
      [7001, 5003],
    ] as const) {
      const paces = [emptyPace(clock, first), emptyPace(clock, second)];
      const travellers = Array.from({ length: 4 }, (_, index) =>
        new Traveller(index % 2 === 0 ? paces : [...paces].reverse(), 5000).go(),
      );
      clock.advance(60_000);

      const totals = travellers.map(({ total }) => total);
      const sum = totals.reduce((a, b) => a + b);
      const most = Math.min(first, second) * 60;
      expect(sum).toBeLessThanOrEqual(most);
      expect(sum).toBeGreaterThan(most * 0.98);
      expect(Math.max(...totals) - Math.min(...totals)).toBeLessThan(most * 0.02);
      for (const { gate } of travellers) gate.leave();
    }
    expect(clock.pending).toBe(0);
  });

  it('gives everybody a share of a shared pace, even beside paces of their own that are almost as fast', () => {
    const clock = fakeClock();
    const shared = emptyPace(clock, 10_000);
    const free = new Traveller([shared], 5000).go();
    const bound = new Traveller([emptyPace(clock, 9990), shared], 5000).go();
    clock.advance(60_000);

    expect(free.total).toBeGreaterThan(290_000);
    expect(bound.total).toBeGreaterThan(290_000);
  });

  it('gives a turn back that nobody came for', () => {
    const clock = fakeClock();
    const pace = emptyPace(clock, 1000);
    const gate = new PaceGate(() => undefined);
    gate.add(pace);
    expect(gate.allowance(1)).toBe(0);
    clock.advance(1);

    expect(pace.mostAtOnce).toBe(100);
    clock.advance(99);
    expect(gate.allowance(100)).toBe(100);
    expect(clock.pending).toBe(0);
  });

  it('gives back what it holds when it leaves', () => {
    const clock = fakeClock();
    const fast = emptyPace(clock, 1000);
    const slow = emptyPace(clock, 1000);
    clock.advance(100);
    slow.reserve({ onTurn: () => undefined }, 100);
    const gate = new PaceGate(() => undefined);
    gate.add(fast);
    gate.add(slow);
    expect(gate.allowance(100)).toBe(0);
    expect(clock.pending).toBe(1);
    gate.leave();

    expect(clock.pending).toBe(0);
    expect(fast.reserve({ onTurn: () => undefined }, 100)).toBe(100);
  });

  it('can be asked again at once when the pace that it waited for is taken away', () => {
    const clock = fakeClock();
    const pace = emptyPace(clock, 1);
    const gate = new PaceGate(() => undefined);
    gate.add(pace);
    expect(gate.allowance(10)).toBe(0);
    gate.remove(pace);

    expect(clock.pending).toBe(0);
    expect(gate.isEmpty).toBe(true);
    expect(gate.allowance(10)).toBe(10);
  });
});
