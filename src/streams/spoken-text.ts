const MAX_LENGTH = 1024;

/**
 * Text of a policy, fit to be shown to a user: on one line, without control characters, which could move a terminal's cursor,
 * and no longer than 1,024 characters.
 */
export const spokenText = (text: string): string =>
  text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, MAX_LENGTH);
