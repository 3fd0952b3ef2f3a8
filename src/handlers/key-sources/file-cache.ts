import type { CachedFile } from './cached-file.js';

/** What an entry takes beside its content, roughly: many small files are not for nothing. */
const ENTRY_BYTES = 1024;

interface Entry<T> {
  readonly file: CachedFile<T>;
  /** What it counts for; 0 until it has been read. */
  readonly bytes: number;
}

/** Files that have been read, as many as fit; past that the one that nobody has asked for the longest is forgotten. */
export class FileCache<T> {
  readonly #maxBytes: number;
  /** Longest unused first. */
  readonly #entries = new Map<string, Entry<T>>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Files remembered, among them those that are just being read. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * What a file holds. `make` is asked for a file that is not remembered; one that cannot be read is not.
   *
   * So nobody fills this with names of files that are not there.
   */
  async contentOf(path: string, make: () => CachedFile<T>): Promise<T> {
    const file = this.#entries.get(path)?.file ?? make();
    this.#put(path, file, this.#entries.get(path)?.bytes ?? 0);
    try {
      const content = await file.current();
      this.#put(path, file, ENTRY_BYTES + file.bytes);
      return content;
    } catch (cause) {
      this.#remove(path, file);
      throw cause;
    }
  }

  #put(path: string, file: CachedFile<T>, bytes: number): void {
    this.#remove(path);
    this.#entries.set(path, { file, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#remove(oldest);
    }
  }

  /** Unless `file` is given and another has taken its place. */
  #remove(path: string, file?: CachedFile<T>): void {
    const entry = this.#entries.get(path);
    if (entry === undefined || (file !== undefined && entry.file !== file)) return;
    this.#entries.delete(path);
    this.#bytes -= entry.bytes;
  }
}
