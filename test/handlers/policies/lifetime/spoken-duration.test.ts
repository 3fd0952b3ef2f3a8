import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { spokenDuration } from '../../../../src/handlers/policies/lifetime/spoken-duration.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('spokenDuration', () => {
  it.each([
    [5 * MINUTE, '5 minutes'],
    [HOUR + 30 * MINUTE, '1 hour 30 minutes'],
    [45 * SECOND, '45 seconds'],
    [SECOND, '1 second'],
    [MINUTE, '1 minute'],
    [90 * SECOND, '1 minute 30 seconds'],
    [HOUR, '1 hour'],
    [DAY, '1 day'],
    [60 * DAY, '60 days'],
    [2 * DAY + HOUR, '2 days 1 hour'],
  ])('says %d ms as %s', (ms, words) => {
    expect(spokenDuration(ms)).toBe(words);
  });

  it.each([
    [5 * MINUTE - 2, '5 minutes'],
    [5 * MINUTE + 2, '5 minutes'],
    [HOUR - 1, '1 hour'],
    [DAY - 1, '1 day'],
    [HOUR + 29 * SECOND, '1 hour'],
    [HOUR + 31 * SECOND, '1 hour 1 minute'],
    [DAY + 29 * MINUTE, '1 day'],
    [DAY + 31 * MINUTE, '1 day 1 hour'],
  ])('rounds %d ms to %s', (ms, words) => {
    expect(spokenDuration(ms)).toBe(words);
  });

  it.each([
    [0, 'no time'],
    [-5, 'no time'],
    [1, 'less than a second'],
    [499, 'less than a second'],
    [500, '1 second'],
  ])('has words for what is too short: %d ms is %s', (ms, words) => {
    expect(spokenDuration(ms)).toBe(words);
  });

  it('always says at most two units, the larger one first, and none of them more than fits', () => {
    const sentence =
      /^(?:(\d+) days?)? ?(?:([1-9]|1\d|2[0-3]) hours?)? ?(?:([1-9]|[1-5]\d) minutes?)? ?(?:([1-9]|[1-5]\d) seconds?)?$/;
    fc.assert(
      fc.property(fc.integer({ min: SECOND, max: 1000 * DAY }), (ms) => {
        const words = spokenDuration(ms);

        expect(words).toMatch(sentence);
        expect(words.split(' ').length).toBeLessThanOrEqual(4);
        expect(words).not.toMatch(/\b1 \w+s\b/);
      }),
    );
  });
});
