/** Milliseconds between two looks for a change of the clocks: no zone changes them twice in so short a time. */
const STEP_MS = 6 * 3_600_000;

/**
 * What the clocks on the wall show in a time zone of the IANA database.
 *
 * Wall time is in milliseconds, as if it were UTC: 08:00 of the first of January 1970 is 28 800 000 everywhere.
 */
export class TimeZone {
  readonly #format: Intl.DateTimeFormat;

  /**
   * @param id - Such as `Europe/Berlin` or `UTC`.
   * @throws RangeError if there is no such zone.
   */
  constructor(id: string) {
    this.#format = new Intl.DateTimeFormat('en-US-u-ca-iso8601-nu-latn', {
      timeZone: id,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** The wall time at an instant, in milliseconds since the epoch. */
  wallTime(instant: number): number {
    const fields: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of this.#format.formatToParts(instant)) fields[type] = Number(value);
    const { year = NaN, month = NaN, day = NaN, hour = NaN, minute = NaN, second = NaN } = fields;
    const fraction = instant - Math.floor(instant / 1_000) * 1_000;
    return Date.UTC(year, month - 1, day, hour, minute, second) + fraction;
  }

  /** The first instant after `from`, and not after `to`, at which the clocks are put forward or back; undefined if none. */
  nextChange(from: number, to: number): number | undefined {
    const offset = this.#offsetAt(from);
    let before = from;
    while (before < to) {
      const step = Math.min(before + STEP_MS, to);
      if (this.#offsetAt(step) !== offset) return this.#firstWithout(offset, before, step);
      before = step;
    }
    return undefined;
  }

  #offsetAt(instant: number): number {
    return this.wallTime(instant) - instant;
  }

  /** The change between two instants, of which only the first has `offset`. */
  #firstWithout(offset: number, before: number, after: number): number {
    let [last, first] = [before, after];
    while (first - last > 1) {
      const middle = Math.floor((last + first) / 2);
      if (this.#offsetAt(middle) === offset) last = middle;
      else first = middle;
    }
    return first;
  }
}
