/** Characters of a banner: more than a terminal shows at once. */
export const MAX_BANNER_LENGTH = 8192;

/**
 * Text of a server, fit to be shown by a client (RFC 4252 section 5.4): lines that end in CR LF, without control characters but
 * tabs, and without those that turn the order of what is read. At most 8,192 characters of it; undefined if nothing is left.
 */
export function bannerText(text: string): string | undefined {
  const shown = text
    .slice(0, MAX_BANNER_LENGTH)
    .replace(/\r\n?|[\u2028\u2029]/gu, '\n')
    .replace(/[\u202A-\u202E\u2066-\u2069]|\p{Cs}|(?![\n\t])\p{Cc}/gu, '');
  if (shown === '') return undefined;
  return `${shown}${shown.endsWith('\n') ? '' : '\n'}`.replaceAll('\n', '\r\n');
}
