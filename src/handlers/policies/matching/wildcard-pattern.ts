/**
 * Text in which `*` stands for any characters, none included, and `?` for one; all other characters stand for themselves.
 *
 * There is no escape: a star or question mark to the letter cannot be written. Upper and lower case differ; let callers
 * for whom they do not lower both sides. Clients choose the text, so the time grows with its length and never explodes:
 * at most one step for each pair of a character of the text and one of the pattern.
 */
export class WildcardPattern {
  // Code points, so that `?` stands for one character beyond the basic plane, too.
  readonly #pattern: readonly string[];
  /** What every text begins with that it stands for; most texts do not, and are done with at once. */
  readonly #start: string;
  readonly #isLiteral: boolean;

  constructor(pattern: string) {
    this.#pattern = Array.from(pattern);
    const wildcard = /[*?]/.exec(pattern);
    this.#start = pattern.slice(0, wildcard?.index);
    this.#isLiteral = wildcard === null;
  }

  /** Whether the pattern stands for all of `text`. */
  matches(text: string): boolean {
    if (this.#isLiteral) return text === this.#start;
    if (!text.startsWith(this.#start)) return false;
    const pattern = this.#pattern;
    const characters = Array.from(text);
    let at = 0;
    let next = 0;
    // Only the last star is ever tried again: what an earlier one could take in addition, this one can take as well.
    let afterStar = -1;
    let starEnd = 0;

    while (at < characters.length) {
      const wanted = pattern[next];
      if (wanted === '*') {
        next += 1;
        afterStar = next;
        starEnd = at;
      } else if (wanted === '?' || wanted === characters[at]) {
        next += 1;
        at += 1;
      } else if (afterStar >= 0) {
        next = afterStar;
        starEnd += 1;
        at = starEnd;
      } else {
        return false;
      }
    }
    while (pattern[next] === '*') next += 1;
    return next === pattern.length;
  }
}
