const MAX_LENGTH = 1024;

/**
 * Text of a policy, fit to be shown to a user: on one line, without control characters, which could move a terminal's cursor
 * or turn the order of what is read, and no longer than 1,024 characters.
 */
export const spokenText = (text: string): string =>
  text
    .replace(/[\u202A-\u202E\u2066-\u2069]/gu, '')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, MAX_LENGTH);
