const FORM =
  /^(?<year>\d{4})(?<month>0[1-9]|1[0-2])(?<day>0[1-9]|[12]\d|3[01])(?<hour>[01]\d|2[0-3])(?:(?<minute>[0-5]\d)(?<second>[0-5]\d|60)?)?(?:[.,](?<fraction>\d+))?(?:Z|(?<sign>[+-])(?<zoneHour>[01]\d|2[0-3])(?<zoneMinute>[0-5]\d)?)$/;

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** A time as directories write it (RFC 4517 section 3.3.13), in milliseconds since the epoch; NaN if `text` is none. */
export function readGeneralizedTime(text: string): number {
  const fields = FORM.exec(text)?.groups;
  if (fields === undefined) return NaN;
  const numberOf = (name: string): number => Number(fields[name] ?? 0);
  const date = new Date(0);
  // Not `Date.UTC`, which takes the years of the first century for those of the twentieth.
  date.setUTCFullYear(numberOf('year'), numberOf('month') - 1, numberOf('day'));
  // The 30th of February would be a day in March.
  if (date.getUTCDate() !== numberOf('day')) return NaN;
  // A fraction is one of the smallest unit that is there.
  const unitMs = fields['minute'] === undefined ? HOUR_MS : fields['second'] === undefined ? MINUTE_MS : 1000;
  const fractionMs = Math.floor(Number(`0.${fields['fraction'] ?? '0'}`) * unitMs);
  const zoneMs = numberOf('zoneHour') * HOUR_MS + numberOf('zoneMinute') * MINUTE_MS;
  const timeMs = numberOf('hour') * HOUR_MS + numberOf('minute') * MINUTE_MS + numberOf('second') * 1000 + fractionMs;
  return date.getTime() + timeMs + (fields['sign'] === '-' ? zoneMs : -zoneMs);
}
