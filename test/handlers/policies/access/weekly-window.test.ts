import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  readWeeklyWindow,
  WEEKDAYS,
  type WeeklyWindow,
} from '../../../../src/handlers/policies/access/weekly-window.js';

const DAY = 24 * 60;
const at = (day: number, hours: number, minutes = 0): number => day * DAY + hours * 60 + minutes;

describe('readWeeklyWindow', () => {
  it.each([
    ['mon 08:00-18:00', [0]],
    ['mon-fri 08:00-18:00', [0, 1, 2, 3, 4]],
    ['Mon-Fri 08:00-18:00', [0, 1, 2, 3, 4]],
    ['sat,sun 08:00-18:00', [5, 6]],
    ['mon-tue,thu 08:00-18:00', [0, 1, 3]],
    ['fri-mon 08:00-18:00', [4, 5, 6, 0]],
    ['wed-wed 08:00-18:00', [2]],
    ['  08:00-18:00 ', [0, 1, 2, 3, 4, 5, 6]],
  ])('reads the days of %j', (text, days) => {
    expect(readWeeklyWindow(text)).toEqual(days.map((day) => ({ begin: at(day, 8), end: at(day, 18) })));
  });

  it.each([
    ['08:00', '18:00', at(0, 8), at(0, 18)],
    ['00:00', '24:00', at(0, 0), at(1, 0)],
    ['22:00', '06:00', at(0, 22), at(1, 6)],
    ['22:00', '00:00', at(0, 22), at(1, 0)],
    ['23:59', '23:58', at(0, 23, 59), at(1, 23, 58)],
    ['00:00', '00:01', 0, 1],
  ])('reads %s to %s', (from, to, begin, end) => {
    expect(readWeeklyWindow({ days: ['mon'], from, to })).toEqual([{ begin, end }]);
    expect(readWeeklyWindow(`mon ${from}-${to}`)).toEqual([{ begin, end }]);
  });

  it('takes a window without days for one of every day', () => {
    expect(readWeeklyWindow({ from: '08:00', to: '09:00' })).toHaveLength(7);
  });

  it('reads text and object alike', () => {
    const minutes = fc.integer({ min: 0, max: DAY - 1 });
    const text = (total: number): string =>
      `${String(Math.floor(total / 60)).padStart(2, '0')}:${String(total % 60).padStart(2, '0')}`;
    fc.assert(
      fc.property(fc.subarray([...WEEKDAYS], { minLength: 1 }), minutes, minutes, (days, begin, end) => {
        const [from, to] = [text(begin), text(end)];

        expect(readWeeklyWindow(`${days.join(',')} ${from}-${to}`)).toEqual(readWeeklyWindow({ days, from, to }));
      }),
    );
  });

  it.each([
    ['', 'it is not of the form mon-fri 08:00-18:00'],
    ['mon', 'it is not of the form mon-fri 08:00-18:00'],
    ['monday 08:00-18:00', 'it is not of the form mon-fri 08:00-18:00'],
    ['mon-fri-sun 08:00-18:00', 'it is not of the form mon-fri 08:00-18:00'],
    ['mon, tue 08:00-18:00', 'it is not of the form mon-fri 08:00-18:00'],
    ['mon 8:00-18:00', 'it is not of the form mon-fri 08:00-18:00'],
    ['mon 08:00-18:00:00', 'it is not of the form mon-fri 08:00-18:00'],
    ['mon 08:60-18:00', 'it must begin at a time from 00:00 to 23:59'],
    ['mon 24:00-08:00', 'it must begin at a time from 00:00 to 23:59'],
    ['mon 08:00-24:01', 'it must end at a time from 00:00 to 24:00'],
    ['mon 08:00-99:00', 'it must end at a time from 00:00 to 24:00'],
    ['mon 08:00-08:00', 'it ends when it begins; a whole day is 00:00-24:00'],
    // As JavaScript might.
    [{ from: 8, to: 18 }, 'it must begin at a time from 00:00 to 23:59'],
    [{ days: [], from: '08:00', to: '18:00' }, 'its days must be some of mon, tue, wed, thu, fri, sat, sun'],
    [{ days: ['Mon'], from: '08:00', to: '18:00' }, 'its days must be some of mon, tue, wed, thu, fri, sat, sun'],
    [{ days: 'mon', from: '08:00', to: '18:00' }, 'its days must be some of mon, tue, wed, thu, fri, sat, sun'],
    [7, 'it is not of the form mon-fri 08:00-18:00'],
    [null, 'it is not of the form mon-fri 08:00-18:00'],
  ])('says why it cannot read %j', (window, fault) => {
    expect(readWeeklyWindow(window as WeeklyWindow | string)).toEqual({ fault });
  });
});
