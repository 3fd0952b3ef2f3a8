/** The days of the week, as windows name them. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** One of {@link WEEKDAYS}. */
export type Weekday = (typeof WEEKDAYS)[number];

/** A part of the day, on some days of each week. */
export interface WeeklyWindow {
  /** The days on which it begins. Default every day. */
  readonly days?: readonly Weekday[];
  /** When it begins, `00:00` to `23:59`. */
  readonly from: string;
  /** When it ends, `00:01` to `24:00`. If that is earlier than `from`, on the day after. */
  readonly to: string;
}

/** A window as minutes of a week that begins with Monday; `end` is beyond the week if the window is. */
export interface WeekMinutes {
  readonly begin: number;
  readonly end: number;
}

const DAY = 24 * 60;

const TIME = /^(\d\d):([0-5]\d)$/;
const TEXT = /^(?:(\S+) +)?(\d\d:\d\d)-(\d\d:\d\d)$/;

/**
 * Reads a window, or its short form in text, such as `mon-fri 08:00-18:00`, `sat,sun 10:00-14:00` or `22:00-06:00`.
 *
 * @returns a stretch of time for each day, or why it cannot be read
 */
export function readWeeklyWindow(window: WeeklyWindow | string): readonly WeekMinutes[] | { readonly fault: string } {
  // JavaScript and configuration may bring anything.
  const written: unknown = typeof window === 'string' ? readText(window) : window;
  if (typeof written !== 'object' || written === null) return { fault: 'it is not of the form mon-fri 08:00-18:00' };
  const { days = WEEKDAYS, from: begins, to: ends }: { days?: unknown; from?: unknown; to?: unknown } = written;

  const indices = Array.isArray(days) ? days.map((day) => WEEKDAYS.findIndex((name) => name === day)) : [];
  if (indices.length === 0 || indices.includes(-1)) {
    return { fault: `its days must be some of ${WEEKDAYS.join(', ')}` };
  }
  const from = minutesOf(begins);
  const to = minutesOf(ends);
  if (from === undefined || from === DAY) return { fault: 'it must begin at a time from 00:00 to 23:59' };
  if (to === undefined) return { fault: 'it must end at a time from 00:00 to 24:00' };
  if (from === to) return { fault: 'it ends when it begins; a whole day is 00:00-24:00' };

  const length = to > from ? to - from : to - from + DAY;
  return indices.map((day) => {
    const begin = day * DAY + from;
    return { begin, end: begin + length };
  });
}

/** Minutes since midnight. */
function minutesOf(time: unknown): number | undefined {
  const [, hours, minutes] = (typeof time === 'string' ? TIME.exec(time) : null) ?? [];
  const total = Number(hours) * 60 + Number(minutes);
  return total <= DAY ? total : undefined;
}

function readText(text: string): WeeklyWindow | undefined {
  const [match, dayText, from = '', to = ''] = TEXT.exec(text.trim().toLowerCase()) ?? [];
  if (match === undefined) return undefined;
  if (dayText === undefined) return { from, to };

  const days: Weekday[] = [];
  for (const item of dayText.split(',')) {
    const [first, last = first, ...rest] = item.split('-').map((name) => WEEKDAYS.findIndex((day) => day === name));
    if (first === undefined || first < 0 || last === undefined || last < 0 || rest.length > 0) return undefined;
    // A range may run over the end of the week, as fri-mon does.
    const count = ((last - first + WEEKDAYS.length) % WEEKDAYS.length) + 1;
    for (let ahead = 0; ahead < count; ahead += 1) {
      const day = WEEKDAYS[(first + ahead) % WEEKDAYS.length];
      if (day !== undefined) days.push(day);
    }
  }
  return { days, from, to };
}
