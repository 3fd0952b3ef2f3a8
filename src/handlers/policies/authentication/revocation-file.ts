import { readFileSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';

/** What tells one state of a file from another. */
interface FileState {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** What a file holds, in the form that `read` gives it, read again whenever the file has changed. */
export class RevocationFile<T> {
  readonly #path: string;
  readonly #read: (content: Buffer) => T;
  #state: FileState;
  #content: T;
  /** The reading under way, for all who wait for it. */
  #reading: Promise<T> | undefined;

  /** @throws whatever the file system says, or `read`: a file that is wrong from the start is a mistake to be told of at once. */
  constructor(path: string, read: (content: Buffer) => T) {
    this.#path = path;
    this.#read = read;
    // The state first: what is written while the content is read will be noticed.
    this.#state = statSync(path, { bigint: true });
    this.#content = this.#understand(readFileSync(path));
  }

  /** What the file holds now. Rejects if it cannot be read: nobody knows then what is in it. */
  async current(): Promise<T> {
    const state = await stat(this.#path, { bigint: true });
    if (isSame(state, this.#state)) return this.#content;
    this.#reading ??= this.#readAgain(state).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  #understand(content: Buffer): T {
    // As it is while somebody writes it anew in its place. Not to know is not to allow.
    if (content.length === 0)
      throw new TypeError(`${this.#path} is empty; write a comment into a list that revokes nothing`);
    return this.#read(content);
  }

  async #readAgain(state: FileState): Promise<T> {
    const content = this.#understand(await readFile(this.#path));
    this.#state = state;
    this.#content = content;
    return content;
  }
}

const isSame = (a: FileState, b: FileState): boolean =>
  a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;
