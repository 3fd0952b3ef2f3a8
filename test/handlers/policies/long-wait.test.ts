import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { LongWait } from '../../../src/handlers/policies/long-wait.js';
import { clockOf } from '../../../src/streams/clock.js';

const DAY_MS = 24 * 3_600_000;

function waiting() {
  const scheduler = new VirtualTimeScheduler();
  const times: number[] = [];
  const note = (): void => {
    times.push(scheduler.now());
  };
  return { scheduler, times, note, wait: new LongWait(clockOf(scheduler)) };
}

describe('LongWait', () => {
  it('calls once, when the moment has come, however far away it is', () => {
    const { scheduler, times, note, wait } = waiting();
    wait.until(90 * DAY_MS, note);
    scheduler.flush();

    expect(times).toEqual([90 * DAY_MS]);
  });

  it('calls at once if the moment is past', () => {
    const { times, note, wait } = waiting();
    wait.until(0, note);
    wait.until(NaN, note);

    expect(times).toEqual([0, 0]);
  });

  it('waits for one moment at a time, the one that was named last', () => {
    const { scheduler, times, note, wait } = waiting();
    wait.until(5, () => times.push(-1));
    wait.until(7, note);
    scheduler.flush();

    expect(times).toEqual([7]);
  });

  it('may be told the next moment from within the work, also when that is done at once', () => {
    const { scheduler, times, note, wait } = waiting();
    wait.until(0, () => {
      note();
      wait.until(3, () => {
        note();
        wait.until(9, note);
      });
    });
    scheduler.flush();

    expect(times).toEqual([0, 3, 9]);
  });

  it('waits no more once it is unsubscribed, and never for what never comes', () => {
    const { scheduler, times, note, wait } = waiting();
    wait.until(5, note);
    wait.unsubscribe();
    scheduler.flush();
    wait.until(Infinity, note);

    expect(times).toEqual([]);
    expect(scheduler.actions).toEqual([]);
  });
});
