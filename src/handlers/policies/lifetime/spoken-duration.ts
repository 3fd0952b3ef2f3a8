const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The longest unit first. Each is spoken with what is left of the next, and rounded to that. */
const UNITS = [
  ['day', DAY],
  ['hour', HOUR],
  ['minute', MINUTE],
  ['second', SECOND],
] as const;

/**
 * A length of time in words, for sentences to users: `5 minutes`, `1 hour 30 minutes`, `45 seconds`.
 *
 * Two units at most, rounded to the smaller one, so that a timer that fires a moment late still says `5 minutes`.
 *
 * @param ms - Milliseconds, finite. 0 and less is `no time`.
 */
export function spokenDuration(ms: number): string {
  if (ms <= 0) return 'no time';
  const precision = ms < HOUR ? SECOND : ms < DAY ? MINUTE : HOUR;
  let left = Math.round(ms / precision) * precision;
  if (left === 0) return 'less than a second';

  const words: string[] = [];
  for (const [unit, length] of UNITS) {
    const count = Math.floor(left / length);
    left -= count * length;
    if (count > 0) words.push(`${String(count)} ${unit}${count === 1 ? '' : 's'}`);
  }
  return words.join(' ');
}
