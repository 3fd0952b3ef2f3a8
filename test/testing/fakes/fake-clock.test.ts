import { interval, take, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { fakeClock } from '../../../src/testing/index.js';

describe('fakeClock', () => {
  it('stands still until it is told to go on', () => {
    const clock = fakeClock(1000);
    expect(clock.now()).toBe(1000);
    expect(clock.scheduler.now()).toBe(1000);
    clock.advance(50);
    expect(clock.now()).toBe(1050);
    expect(clock.scheduler.now()).toBe(1050);
  });

  it('runs what is due at its time, by time and then by the order of scheduling', () => {
    const clock = fakeClock();
    const log: string[] = [];
    const note = (name: string) => () => log.push(`${name}@${String(clock.now())}`);
    clock.scheduler.schedule(note('b'), 20);
    clock.scheduler.schedule(note('a'), 10);
    clock.scheduler.schedule(note('c'), 20);
    clock.scheduler.schedule(note('late'), 21);
    clock.advance(20);
    expect(log).toEqual(['a@10', 'b@20', 'c@20']);
    expect(clock.pending).toBe(1);
  });

  it('runs what is scheduled meanwhile, if it is due', () => {
    const clock = fakeClock();
    const log: number[] = [];
    clock.scheduler.schedule(() => {
      clock.scheduler.schedule(() => log.push(clock.now()), 5);
    }, 5);
    clock.advance(9);
    expect(log).toEqual([]);
    clock.advance(1);
    expect(log).toEqual([10]);
  });

  it('forgets what is called off', () => {
    const clock = fakeClock();
    const log: string[] = [];
    clock.scheduler.schedule(() => log.push('never'), 5).unsubscribe();
    expect(clock.pending).toBe(0);
    clock.advance(10);
    expect(log).toEqual([]);
  });

  it('drives the operators of RxJS, those that repeat themselves as well', () => {
    const clock = fakeClock();
    const log: string[] = [];
    interval(10, clock.scheduler)
      .pipe(take(3))
      .subscribe((it) => log.push(`i${String(it)}@${String(clock.now())}`));
    timer(5, 20, clock.scheduler)
      .pipe(take(2))
      .subscribe((it) => log.push(`t${String(it)}@${String(clock.now())}`));
    clock.advance(100);
    expect(log).toEqual(['t0@5', 'i0@10', 'i1@20', 't1@25', 'i2@30']);
    expect(clock.pending).toBe(0);
  });

  it('hands its state to the work', () => {
    const clock = fakeClock();
    const states: unknown[] = [];
    clock.scheduler.schedule((state?: string) => states.push(state), 1, 'x');
    clock.advance(1);
    expect(states).toEqual(['x']);
  });

  it.each([-1, Number.NaN, Infinity])('does not go on by %d ms', (ms) => {
    const clock = fakeClock();
    expect(() => {
      clock.advance(ms);
    }).toThrow(RangeError);
  });
});
