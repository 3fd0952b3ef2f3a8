import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { TimeZone } from '../../../../src/handlers/policies/access/time-zone.js';
import { WeeklyHours } from '../../../../src/handlers/policies/access/weekly-hours.js';
import { readWeeklyWindow } from '../../../../src/handlers/policies/access/weekly-window.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function hoursOf(timeZone: string, ...windows: readonly string[]): WeeklyHours {
  const read = windows.flatMap((window) => {
    const minutes = readWeeklyWindow(window);
    if ('fault' in minutes) throw new Error(minutes.fault);
    return minutes;
  });
  return new WeeklyHours(read, new TimeZone(timeZone));
}

/** The end of the hours that `instant` is in, as ISO text in UTC. */
const endOf = (timeZone: string, window: string, instant: string): string =>
  new Date(hoursOf(timeZone, window).endAfter(Date.parse(instant))).toISOString();

/** Zones with what the tables of their governments say of the year 2026: instants, and minutes ahead of UTC after them. */
const ZONES = [
  {
    id: 'Europe/Berlin',
    winter: 60,
    changes: [
      ['2026-03-29T01:00Z', 120],
      ['2026-10-25T01:00Z', 60],
    ],
  },
  {
    id: 'America/New_York',
    winter: -300,
    changes: [
      ['2026-03-08T07:00Z', -240],
      ['2026-11-01T06:00Z', -300],
    ],
  },
  {
    id: 'Australia/Lord_Howe',
    winter: 660,
    changes: [
      ['2026-04-04T15:00Z', 630],
      ['2026-10-03T15:30Z', 660],
    ],
  },
] as const;

type Zone = (typeof ZONES)[number];

const wallTime = (zone: Zone, instant: number): number => {
  let ahead: number = zone.winter;
  for (const [change, after] of zone.changes) if (instant >= Date.parse(change)) ahead = after;
  return instant + ahead * MINUTE;
};

/** A window of one day of the week, in minutes of the day. */
interface DayWindow {
  readonly day: number;
  readonly from: number;
  readonly to: number;
}

const NAMES = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const clockText = (minutes: number): string =>
  [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
const textOf = ({ day, from, to }: DayWindow): string => `${NAMES[day] ?? ''} ${clockText(from)}-${clockText(to)}`;

/** Whether a clock on the wall shows a time in one of the windows: looks at the day, and at the night of the day before. */
function shows(zone: Zone, windows: readonly DayWindow[], instant: number): boolean {
  const wall = new Date(wallTime(zone, instant));
  const today = (wall.getUTCDay() + 6) % 7;
  const minute = wall.getUTCHours() * 60 + wall.getUTCMinutes();
  return windows.some(({ day, from, to }) => {
    if (from < to) return day === today && from <= minute && minute < to;
    return (day === today && from <= minute) || ((day + 1) % 7 === today && minute < to);
  });
}

/** Times of day in steps of 10 minutes: fine enough to fall into each hour that is skipped or comes twice. */
const timeOfDay = fc.integer({ min: 0, max: 143 }).map((tens) => tens * 10);
const dayWindow = fc
  .record({ day: fc.integer({ min: 0, max: 6 }), from: timeOfDay, to: timeOfDay })
  .filter(({ from, to }) => from !== to);
/** A zone, and an instant up to three days from a change of its clocks. */
const aroundChange = fc
  .record({
    zone: fc.constantFrom(...ZONES),
    change: fc.nat({ max: 1 }),
    minutes: fc.integer({ min: -4_320, max: 4_320 }),
  })
  .map(({ zone, change, minutes }) => ({
    zone,
    instant: Date.parse(zone.changes[change]?.[0] ?? '') + minutes * MINUTE,
  }));

describe('WeeklyHours', () => {
  it('includes what a clock on the wall shows, around every change of the clocks', () => {
    fc.assert(
      fc.property(aroundChange, fc.array(dayWindow, { maxLength: 4 }), ({ zone, instant }, windows) => {
        expect(hoursOf(zone.id, ...windows.map(textOf)).includes(instant)).toBe(shows(zone, windows, instant));
      }),
      { numRuns: 500 },
    );
  });

  it('ends at the first minute that a clock on the wall shows no more, around every change of the clocks', () => {
    fc.assert(
      fc.property(aroundChange, fc.array(dayWindow, { minLength: 1, maxLength: 3 }), ({ zone, instant }, windows) => {
        let end = instant;
        while (shows(zone, windows, end)) end += MINUTE;

        expect(hoursOf(zone.id, ...windows.map(textOf)).endAfter(instant)).toBe(end);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    // Plain days.
    ['UTC', 'mon-fri 08:00-18:00', '2026-07-01T12:00:00Z', '2026-07-01T18:00:00.000Z'],
    ['UTC', 'mon-fri 08:00-18:00', '2026-07-01T12:34:56.789Z', '2026-07-01T18:00:00.000Z'],
    ['Europe/Berlin', 'mon-fri 08:00-18:00', '2026-07-01T12:00:00Z', '2026-07-01T16:00:00.000Z'],
    ['Asia/Kolkata', 'mon-fri 08:00-18:00', '2026-07-01T12:00:00Z', '2026-07-01T12:30:00.000Z'],
    // The night that is an hour short, and the one that is an hour long.
    ['Europe/Berlin', 'sat 22:00-06:00', '2026-03-28T21:00:00Z', '2026-03-29T04:00:00.000Z'],
    ['Europe/Berlin', 'sat 22:00-06:00', '2026-10-24T20:00:00Z', '2026-10-25T05:00:00.000Z'],
    ['America/New_York', 'sat 22:00-06:00', '2026-03-08T03:00:00Z', '2026-03-08T10:00:00.000Z'],
    ['Australia/Lord_Howe', 'sat 22:00-06:00', '2026-04-04T11:00:00Z', '2026-04-04T19:30:00.000Z'],
    ['Australia/Lord_Howe', 'sat 22:00-06:00', '2026-10-03T11:30:00Z', '2026-10-03T19:00:00.000Z'],
    // An end that the clocks skip comes with the change.
    ['Europe/Berlin', 'sun 00:00-02:30', '2026-03-29T00:30:00Z', '2026-03-29T01:00:00.000Z'],
    // An end in the hour that comes twice comes twice.
    ['Europe/Berlin', 'sun 00:00-02:30', '2026-10-25T00:00:00Z', '2026-10-25T00:30:00.000Z'],
    ['Europe/Berlin', 'sun 00:00-02:30', '2026-10-25T01:00:00Z', '2026-10-25T01:30:00.000Z'],
    // An end at the moment of the change is not the end: the clocks show the last hour again.
    ['Europe/Berlin', 'sun 00:00-03:00', '2026-10-24T23:00:00Z', '2026-10-25T02:00:00.000Z'],
  ])('in %s %s of %s end at %s', (timeZone, window, instant, expected) => {
    expect(endOf(timeZone, window, instant)).toBe(expected);
  });

  it('joins windows that touch or overlap, also over the end of the week', () => {
    const hours = hoursOf('UTC', 'sun 20:00-24:00', 'mon 00:00-04:00', 'mon 03:00-05:00', 'mon 05:01-06:00');

    expect(hours.endAfter(Date.parse('2026-07-05T21:00Z'))).toBe(Date.parse('2026-07-06T05:00Z'));
  });

  it('never ends if it is the whole week, and includes nothing without windows', () => {
    const now = Date.parse('2026-03-29T00:59Z');

    expect(hoursOf('Europe/Berlin', '00:00-24:00').endAfter(now)).toBe(Infinity);
    expect(hoursOf('Europe/Berlin', '12:00-11:00', '11:00-12:00').endAfter(now)).toBe(Infinity);
    expect(hoursOf('Europe/Berlin').endAfter(now)).toBe(now);
    expect(hoursOf('Europe/Berlin').includes(now)).toBe(false);
  });

  it('works before the epoch, too', () => {
    expect(hoursOf('UTC', 'wed 08:00-18:00').endAfter(-12 * HOUR)).toBe(-6 * HOUR);
  });
});

describe('TimeZone', () => {
  it.each(ZONES)('knows the changes of $id to the millisecond', ({ id, changes: [[spring], [autumn]] }) => {
    const zone = new TimeZone(id);
    for (const change of [spring, autumn].map((text) => Date.parse(text))) {
      expect(zone.nextChange(change - 100 * HOUR, change + 100 * HOUR)).toBe(change);
      expect(zone.nextChange(change - 1, change)).toBe(change);
      expect(zone.nextChange(change - HOUR, change - 1)).toBeUndefined();
      expect(zone.nextChange(change, change + 100 * HOUR)).toBeUndefined();
    }
  });

  it('tells wall time to the millisecond', () => {
    const zone = new TimeZone('Europe/Berlin');

    expect(zone.wallTime(Date.parse('2026-03-29T00:59:59.999Z'))).toBe(Date.parse('2026-03-29T01:59:59.999Z'));
    expect(zone.wallTime(Date.parse('2026-03-29T01:00:00.000Z'))).toBe(Date.parse('2026-03-29T03:00:00.000Z'));
    expect(zone.wallTime(-1)).toBe(HOUR - 1);
  });

  it('refuses what is no zone', () => {
    expect(() => new TimeZone('Mars/Olympus')).toThrow(RangeError);
  });
});
