import type { TimeZone } from './time-zone.js';
import type { WeekMinutes } from './weekly-window.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const WEEK_MS = 7 * DAY_MS;

/** The wall time at which a week begins: 5 January 1970 was a Monday. */
const MONDAY = 4 * DAY_MS;

/** A stretch of time, in milliseconds since Monday 00:00 of some week. */
interface Stretch {
  readonly begin: number;
  readonly end: number;
}

/**
 * Hours that come back every week, by the clocks on the wall of a time zone.
 *
 * An instant is in them if a clock there shows a time in them. So an hour that the clocks skip is in no window, and where
 * they show an hour twice, a window in it opens twice.
 */
export class WeeklyHours {
  /** In order, none touching the next, of this week and those around it. */
  readonly #stretches: readonly Stretch[];
  readonly #zone: TimeZone;

  constructor(windows: readonly WeekMinutes[], zone: TimeZone) {
    this.#stretches = merge(windows);
    this.#zone = zone;
  }

  /**
   * When the hours end that `instant` is in, both in milliseconds since the epoch: `instant` itself if it is in none,
   * `Infinity` if they never end.
   */
  endAfter(instant: number): number {
    let at = instant;
    for (;;) {
      const leftMs = this.#left(this.#zone.wallTime(at));
      if (leftMs === 0 || leftMs === Infinity) return at + leftMs;
      // Until the clocks are changed the wall and the world run alike; then the wall has to be asked again.
      const change = this.#zone.nextChange(at, at + leftMs);
      if (change === undefined) return at + leftMs;
      at = change;
    }
  }

  /** Whether `instant` is in the hours. */
  includes(instant: number): boolean {
    return this.#left(this.#zone.wallTime(instant)) > 0;
  }

  /** Milliseconds from a wall time to the end of its stretch; 0 outside. */
  #left(wallTime: number): number {
    const ofWeek = (((wallTime - MONDAY) % WEEK_MS) + WEEK_MS) % WEEK_MS;
    const stretch = this.#stretches.find(({ begin, end }) => begin <= ofWeek && ofWeek < end);
    if (stretch === undefined) return 0;
    return stretch.end - stretch.begin >= WEEK_MS ? Infinity : stretch.end - ofWeek;
  }
}

function merge(windows: readonly WeekMinutes[]): readonly Stretch[] {
  // With the weeks around it: what runs past Sunday is in the week that follows, and joins what begins it.
  const written = windows.flatMap(({ begin, end }) => {
    const stretch = { begin: begin * MINUTE_MS, end: end * MINUTE_MS };
    return [-WEEK_MS, 0, WEEK_MS].map((shift) => ({ begin: stretch.begin + shift, end: stretch.end + shift }));
  });
  const merged: Stretch[] = [];
  for (const next of written.sort((a, b) => a.begin - b.begin)) {
    const last = merged.at(-1);
    if (last === undefined || next.begin > last.end) merged.push(next);
    else merged[merged.length - 1] = { begin: last.begin, end: Math.max(last.end, next.end) };
  }
  return merged;
}
