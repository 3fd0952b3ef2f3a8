import { inspect } from 'node:util';

/** A field of a recorded line is not what it has to be. The reader adds the file and the line. */
export class FieldError extends Error {
  override readonly name = 'FieldError';

  /** @param expected - the end of a sentence that begins with the path, such as `must be a text` */
  constructor(path: string, expected: string, got: unknown) {
    // Of a file that may be anything, so shortened to one readable line.
    const shown = inspect(got, { depth: 0, maxArrayLength: 5, maxStringLength: 60, breakLength: Infinity });
    super(`${path} ${expected}, got ${shown}`);
  }
}
