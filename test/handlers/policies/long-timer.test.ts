import fc from 'fast-check';
import type { SchedulerAction, SchedulerLike } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { at } from '../../../src/handlers/policies/long-timer.js';
import { clockOf } from '../../../src/streams/clock.js';
import { marbles } from '../../../src/testing/marbles.js';
import { virtualTime } from './virtual-time.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('at', () => {
  it(
    'emits once at the moment and completes',
    marbles(({ clock, expectEvents }) => {
      expectEvents(at(clock, 5)).toBe('-----(x|)', { x: undefined });
    }),
  );

  it(
    'emits at once if the moment is now, is past, or is none',
    marbles(({ clock, expectEvents }) => {
      for (const time of [0, -1, NaN]) expectEvents(at(clock, time)).toBe('(x|)', { x: undefined });
    }),
  );

  it(
    'never emits at Infinity',
    marbles(({ clock, expectEvents }) => {
      expectEvents(at(clock, Infinity)).toBe('---');
    }),
  );

  it('sets no timer for Infinity', () => {
    const time = virtualTime();
    at(time.clock, Infinity).subscribe();

    expect(time.timers).toBe(0);
  });

  it('waits for a moment that is further away than a timer of the platform can be', () => {
    const time = virtualTime();
    const emitted: number[] = [];
    at(time.clock, 60 * DAY).subscribe(() => emitted.push(time.clock.now()));
    time.advance(60 * DAY - 1);
    expect(emitted).toEqual([]);
    time.advance(1);

    expect(emitted).toEqual([60 * DAY]);
    expect(time.timers).toBe(0);
  });

  it('never sets a timer longer than the platform can wait', () => {
    const delays: number[] = [];
    const { clock, advance } = virtualTime();
    const scheduler: SchedulerLike = {
      now: () => clock.now(),
      schedule: <T>(work: (this: SchedulerAction<T>, state: T) => void, delay = 0, state?: T) => {
        delays.push(delay);
        // Without a state, T is whatever undefined is assignable to.
        return clock.scheduler.schedule(work, delay, state as T);
      },
    };
    const watched = clockOf(scheduler);
    at(watched, 60 * DAY).subscribe();
    advance(60 * DAY);

    expect(delays.reduce((sum, delay) => sum + delay)).toBe(60 * DAY);
    expect(Math.max(...delays)).toBeLessThan(2 ** 31);
  });

  it('waits longer when the clock is set back', () => {
    const time = virtualTime();
    let emitted = false;
    at(time.clock, DAY).subscribe(() => {
      emitted = true;
    });
    time.advance(DAY - 1);
    time.set(0);
    time.advance(DAY - 1);
    expect(emitted).toBe(false);
    time.advance(1);

    expect(emitted).toBe(true);
  });

  it('notices within an hour that the clock was set forward beyond the moment', () => {
    const time = virtualTime();
    let emitted = false;
    at(time.clock, 30 * DAY).subscribe(() => {
      emitted = true;
    });
    time.set(31 * DAY);
    time.advance(HOUR);

    expect(emitted).toBe(true);
  });

  it('takes its timer away when it is unsubscribed', () => {
    const time = virtualTime();
    const waiting = at(time.clock, 60 * DAY).subscribe();
    time.advance(2 * DAY);
    waiting.unsubscribe();

    expect(time.timers).toBe(0);
  });

  it('emits at every moment exactly, however the time goes by', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 90 * DAY }),
        fc.array(fc.integer({ min: 1, max: 5 * DAY }), { maxLength: 20 }),
        (moment, steps) => {
          const time = virtualTime();
          let emittedAt: number | undefined;
          at(time.clock, moment).subscribe(() => {
            emittedAt = time.clock.now();
          });
          for (const step of steps) time.advance(step);

          expect(emittedAt).toBe(time.clock.now() >= moment ? moment : undefined);
        },
      ),
    );
  });
});
