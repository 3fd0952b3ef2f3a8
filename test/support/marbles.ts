import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import { expect } from 'vitest';

/** Runs `body` in virtual time: one marble character is 1 ms. What it expects is compared when `body` has returned. */
export const marbles = (body: (helpers: RunHelpers) => void) => (): void => {
  const scheduler = new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  });
  scheduler.run(body);
};
