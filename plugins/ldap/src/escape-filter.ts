/**
 * A text as the assertion value of a search filter, and nothing else, whatever it contains (RFC 4515 section 3).
 *
 * More than has to be escaped is: what a reader might trim or fold, such as spaces at the ends, and all controls.
 */
export const escapeFilter = (value: string): string =>
  value.replace(/[*()\\\u0000-\u001f\u007f]|^ | $/g, (character) => {
    return `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
