import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readGeneralizedTime } from '../src/generalized-time.js';

describe('readGeneralizedTime', () => {
  it.each([
    ['20260102030405Z', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['2026010203Z', Date.UTC(2026, 0, 2, 3)],
    ['202601020304Z', Date.UTC(2026, 0, 2, 3, 4)],
    ['20260102030405.25Z', Date.UTC(2026, 0, 2, 3, 4, 5, 250)],
    ['202601020304,5Z', Date.UTC(2026, 0, 2, 3, 4, 30)],
    ['2026010203.5Z', Date.UTC(2026, 0, 2, 3, 30)],
    ['20260102030405+0130', Date.UTC(2026, 0, 2, 1, 34, 5)],
    ['20260102030405-05', Date.UTC(2026, 0, 2, 8, 4, 5)],
    ['20240229000000Z', Date.UTC(2024, 1, 29)],
    ['20161231235960Z', Date.UTC(2017, 0, 1)],
  ])('reads %s', (text, time) => {
    expect(readGeneralizedTime(text)).toBe(time);
  });

  it.each([
    '',
    '20260102030405',
    '20261302030405Z',
    '20260002030405Z',
    '20260229030405Z',
    '20260431000000Z',
    '20260102240000Z',
    '20260102036000Z',
    '20260102030461Z',
    '20260102030405.Z',
    '20260102030405+1',
    '2026-01-02T03:04:05Z',
    '20260102030405Z\n',
    ' 20260102030405Z',
  ])('refuses %j', (text) => {
    expect(readGeneralizedTime(text)).toBeNaN();
  });

  it('reads every time as it is written, from the year 0 on', () => {
    const dates = fc.date({
      min: new Date('0000-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(dates, (date) => {
        const text = date.toISOString().replaceAll(/[-:T]/g, '');

        expect(readGeneralizedTime(text)).toBe(date.getTime());
      }),
    );
  });
});
