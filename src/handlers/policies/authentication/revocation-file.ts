import { readFileSync } from 'node:fs';

import { systemClock } from '../../../streams/clock.js';
import { CachedFile } from '../../key-sources/cached-file.js';

/** What a revocation list holds, in the form that `read` gives it, read again whenever the file has changed. */
export class RevocationFile<T> {
  readonly #file: CachedFile<T>;

  /** @throws whatever the file system says, or `read`: a file that is wrong from the start is a mistake to be told of at once. */
  constructor(path: string, read: (content: Buffer) => T) {
    const understand = (content: Buffer): T => {
      // As it is while somebody writes it anew in its place. Not to know is not to allow.
      if (content.length === 0) {
        throw new TypeError(`${path} is empty; write a comment into a list that revokes nothing`);
      }
      return read(content);
    };
    understand(readFileSync(path));
    this.#file = new CachedFile({ path, understand, maxBytes: MAX_BYTES, now: () => systemClock.now() });
  }

  /** What the file holds now. Rejects if it cannot be read: nobody knows then what is in it. */
  current(): Promise<T> {
    return this.#file.current();
  }
}

/** Some million keys. */
const MAX_BYTES = 268_435_456;
