/** A recorder writes no longer line, and a reader believes none: a file without a line end may be of any size. */
export const MAX_LINE_LENGTH = 1024 * 1024;

/** A line of a text. */
export interface TextLine {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** Whether it ends with a line feed, which only the last one may lack, or one that is too long. */
  readonly isComplete: boolean;
}

/** Cuts text, which comes in pieces of any size, into lines. Ends after a line of more than {@link MAX_LINE_LENGTH}. */
export async function* textLines(pieces: AsyncIterable<string> | Iterable<string>): AsyncGenerator<TextLine> {
  let number = 0;
  let rest = '';
  for await (const piece of pieces) {
    rest += piece;
    let start = 0;
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n', start)) {
      number += 1;
      yield { text: rest.slice(start, end), number, isComplete: true };
      start = end + 1;
    }
    rest = rest.slice(start);
    if (rest.length > MAX_LINE_LENGTH) break;
  }
  if (rest !== '') yield { text: rest, number: number + 1, isComplete: false };
}
