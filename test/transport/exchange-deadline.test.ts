import { expect, it } from 'vitest';

import { ExchangeDeadline } from '../../src/transport/exchange-deadline.js';
import { fakeClock } from '../../src/testing/fakes/fake-clock.js';

function deadline() {
  const clock = fakeClock();
  const line = { received: 0, unsent: 0, missed: 0 };
  const it = new ExchangeDeadline({
    timeoutMs: 1000,
    schedule: (delayMs, work) => {
      const timer = clock.scheduler.schedule(work, delayMs);
      return () => {
        timer.unsubscribe();
      };
    },
    received: () => line.received,
    unsent: () => line.unsent,
    onMissed: () => {
      line.missed += 1;
    },
  });
  return { deadline: it, clock, line };
}

it('is missed once by a peer that keeps silent', () => {
  const { deadline: it, clock, line } = deadline();
  it.start();
  clock.advance(999);
  expect(line.missed).toBe(0);
  clock.advance(100_000);

  expect(line.missed).toBe(1);
  expect(clock.pending).toBe(0);
});

it('is not missed once the exchange is complete, and can start again', () => {
  const { deadline: it, clock, line } = deadline();
  it.start();
  clock.advance(999);
  it.stop();
  clock.advance(1000);
  expect(line.missed).toBe(0);

  it.start();
  clock.advance(1000);
  expect(line.missed).toBe(1);
});

it('does not begin anew because both sides start', () => {
  const { deadline: it, clock, line } = deadline();
  it.start();
  clock.advance(600);
  it.start();
  clock.advance(400);

  expect(line.missed).toBe(1);
});

it.each([
  ['bytes come in', { received: 1, unsent: 0 }],
  ['a backlog grows smaller', { received: 0, unsent: -1 }],
])('is put off while %s, fifteen times', (_what, step) => {
  const { deadline: it, clock, line } = deadline();
  line.unsent = 500;
  it.start();
  for (let extension = 0; extension < 15; extension += 1) {
    line.received += step.received;
    line.unsent += step.unsent;
    clock.advance(1000);
  }
  expect(line.missed).toBe(0);

  line.received += step.received;
  line.unsent += step.unsent;
  clock.advance(1000);
  expect(line.missed).toBe(1);
});

it('is not put off because our own message has gone out, nor by a backlog that stays', () => {
  for (const [before, after] of [
    [1000, 0],
    [1000, 1000],
    [1000, 1500],
  ] as const) {
    const { deadline: it, clock, line } = deadline();
    line.unsent = before;
    it.start();
    line.unsent = after;
    clock.advance(1000);
    expect(line.missed).toBe(1);
  }
});
