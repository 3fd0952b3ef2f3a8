/** Labels of letters, digits, hyphens and the underscores that DNS knows beside (RFC 1123 section 2.1). */
const LABELS = /^[a-z\d_-]+(?:\.[a-z\d_-]+)*$/;

/** The last label of what resolvers take for an IPv4 address, `127.1` and `0x7f000001` too. No name ends so. */
const NUMBER = /(?:^|\.)(?:\d+|0x[\da-f]*)$/;

/** RFC 1035 section 2.3.4, as text. */
const MAX_LENGTH = 253;

/**
 * A host name in the one form in which host names are compared: lower case, no dot at the end. Undefined for what is none,
 * so that no wildcard stands for what a resolver reads otherwise: `127.0.0.1\0.example.com` ends at its NUL.
 */
export function hostName(text: string): string | undefined {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (name.length > MAX_LENGTH) return undefined;
  // Of ASCII alone (RFC 4343): there are other letters whose lower case is an ASCII one.
  const folded = name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return LABELS.test(folded) && !NUMBER.test(folded) ? folded : undefined;
}
