/** Characters that mean something in a distinguished name wherever they stand, and those that controls hide behind. */
const SPECIAL = /["+,;<=>\\\u0000-\u001f\u007f]/g;

/**
 * A text as the value of an attribute in a distinguished name, and nothing else, whatever it contains (RFC 4514 section 2.4).
 *
 * As pairs of hexadecimal digits, which every reader takes for the character itself. A space or `#` counts only at the ends, so it
 * is escaped there alone.
 */
export const escapeDn = (value: string): string =>
  value.replace(SPECIAL, hexPair).replace(/^[ #]/, hexPair).replace(/ $/, hexPair);

/** All of them are ASCII, so one pair is the whole character in UTF-8. */
const hexPair = (character: string): string => `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
