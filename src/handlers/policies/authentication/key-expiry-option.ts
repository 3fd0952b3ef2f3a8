/** `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, in UTC if a `Z` follows. */
const FORM = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z?)$/;

/**
 * Reads the value of the option `expiry-time` of an authorized_keys line (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
 *
 * @returns the last millisecond since the epoch at which the key may be used; undefined if the value is no point in time
 * since 1970. A time without `Z` is one of this machine's time zone.
 */
export function readExpiryOption(value: string): number | undefined {
  const match = FORM.exec(value);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part: string | undefined) => Number(part ?? 0));

  // Date takes the 31st of February for the 3rd of March, so what comes out is compared with what went in.
  const utc = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const exact =
    year >= 1970 &&
    month === utc.getUTCMonth() + 1 &&
    day === utc.getUTCDate() &&
    hour < 24 &&
    minute < 60 &&
    second < 60;
  if (!exact) return undefined;
  return match[7] === 'Z' ? utc.getTime() : new Date(year, month - 1, day, hour, minute, second).getTime();
}
