import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { dropPercent, readEarlyDrop } from '../../../../src/handlers/policies/limits/early-drop.js';
import { optionError } from '../policy-laws.js';

const openSsh = { start: 10, ratePercent: 30, full: 100 };

describe('readEarlyDrop', () => {
  it.each([
    ['10:30:100', openSsh],
    ['1:1:1', { start: 1, ratePercent: 1, full: 1 }],
    ['10:100:20', { start: 10, ratePercent: 100, full: 20 }],
    ['10', { start: 10, ratePercent: 100, full: 10 }],
  ])('reads %j as sshd does', (spec, drop) => {
    expect(readEarlyDrop('maxStartups', spec)).toEqual(drop);
  });

  it('takes the parts as they are, and keeps a copy', () => {
    const parts = { ...openSsh };
    const drop = readEarlyDrop('maxStartups', parts);
    parts.full = 0;

    expect(drop).toEqual(openSsh);
  });

  it.each<[string, unknown]>([
    ["'0:30:100'", '0:30:100'],
    ["'10:0:100'", '10:0:100'],
    ["'10:101:100'", '10:101:100'],
    ["'10:30:9'", '10:30:9'],
    ["'10:30'", '10:30'],
    ["'0'", '0'],
    ["'-1'", '-1'],
    ["'10:30:100x'", '10:30:100x'],
    ["''", ''],
    ['10', 10],
    ['null', null],
    ['undefined', undefined],
    ['{ start: 10, full: 20 }', { start: 10, full: 20 }],
    ['{ start: 1.5, ratePercent: 30, full: 20 }', { start: 1.5, ratePercent: 30, full: 20 }],
    ['{ start: 10, ratePercent: 30, full: Infinity }', { start: 10, ratePercent: 30, full: Infinity }],
    ["{ start: '10', ratePercent: 30, full: 20 }", { start: '10', ratePercent: 30, full: 20 }],
  ])('refuses %s', (shown, spec) => {
    // JavaScript and configuration files may hand over anything.
    expect(() => readEarlyDrop('maxStartups', spec as string)).toThrow(
      optionError(
        `maxStartups: limit must be start:rate:full or { start, ratePercent, full }, with integers, start at least 1, a rate of 1 to 100 percent and full not below start, got ${shown}`,
      ),
    );
  });
});

describe('dropPercent', () => {
  it.each([
    [0, 0],
    [9, 0],
    [10, 30],
    [11, 30],
    [12, 31],
    [13, 32],
    [54, 64],
    [55, 65],
    [98, 98],
    [99, 99],
    [100, 100],
    [1_000, 100],
  ])('of 10:30:100 with %i connections is %i percent, as in sshd', (startups, percent) => {
    expect(dropPercent(openSsh, startups)).toBe(percent);
  });

  it('goes from none to all at once where start is full', () => {
    const drop = { start: 5, ratePercent: 30, full: 5 };

    expect([4, 5, 6].map((startups) => dropPercent(drop, startups))).toEqual([0, 100, 100]);
  });

  it('never falls as connections come, and is the rate at start and 100 at full', () => {
    const drops = fc
      .record({
        start: fc.integer({ min: 1, max: 50 }),
        ratePercent: fc.integer({ min: 1, max: 100 }),
        more: fc.integer({ min: 1, max: 50 }),
      })
      .map(({ start, ratePercent, more }) => ({ start, ratePercent, full: start + more }));
    fc.assert(
      fc.property(drops, (drop) => {
        const percents = Array.from({ length: drop.full + 2 }, (_, startups) => dropPercent(drop, startups));

        expect(percents).toEqual(percents.toSorted((a, b) => a - b));
        expect([percents[drop.start - 1], percents[drop.start], percents[drop.full]]).toEqual([
          0,
          drop.ratePercent,
          100,
        ]);
        expect(percents.every((percent) => Number.isInteger(percent))).toBe(true);
      }),
    );
  });
});
