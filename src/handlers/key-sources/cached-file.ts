import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

import { type FileIdentity, isSameState } from './file-identity.js';

/** What a {@link CachedFile} is made of. */
export interface CachedFileParts<T> {
  readonly path: string;
  /** Makes of the content what is remembered; throws if it makes no sense. */
  readonly understand: (content: Buffer) => T;
  /** A larger file is refused. */
  readonly maxBytes: number;
  /** Refuses, by an error, a file that others could have written. Default: none is. */
  readonly inspect?: (stats: BigIntStats) => Promise<void>;
  /** The time of this machine, in milliseconds since the epoch: files are compared with it. */
  readonly now: () => number;
  /** How long a look at the file counts, in milliseconds. Default 0: it is looked at whenever it is asked for. */
  readonly lookEveryMs?: number;
}

interface Known<T> {
  readonly identity: FileIdentity;
  readonly content: T;
  /** What a file that was written anew with the same content is known by, so that it need not be understood again. */
  readonly digest: string;
  /** Whether a later change would be seen. */
  readonly settled: boolean;
}

interface Reading<T> {
  /** What was seen when it began. */
  readonly identity: FileIdentity;
  readonly content: Promise<T>;
}

/**
 * Two changes within one tick of a file system's clock look like one: a file that has just changed is not yet taken as known. Two
 * seconds is the tick of the coarsest file systems.
 */
const TICK_MS = 2000;

/** Who writes into a file all the time cannot make its readers read for ever. */
const MAX_ATTEMPTS = 3;

/** What a file holds, in a form of its own, and read again whenever the file has changed or was replaced. */
export class CachedFile<T> {
  readonly #parts: CachedFileParts<T>;
  #known: Known<T> | undefined;
  #reading: Reading<T> | undefined;
  /** When the file was last seen to be as it is known. */
  #seenAt = -Infinity;

  constructor(parts: CachedFileParts<T>) {
    this.#parts = parts;
  }

  /** Size of what is remembered; 0 if nothing is. */
  get bytes(): number {
    return Number(this.#known?.identity.size ?? 0n);
  }

  /**
   * What the file holds now, or held when it was last looked at, if that look still counts. Whoever asks while it is read shares that reading, unless the file has changed since it began.
   *
   * Rejects with what the file system, `inspect` or `understand` says if the file cannot be used; it is tried again next time.
   */
  async current(): Promise<T> {
    const known = this.#known;
    const { path, now, lookEveryMs = 0 } = this.#parts;
    const lookedAt = now();
    const sinceMs = lookedAt - this.#seenAt;
    // A clock that was set back makes nothing fresh.
    if (known?.settled === true && sinceMs >= 0 && sinceMs < lookEveryMs) return known.content;
    const identity = await stat(path, { bigint: true });
    if (known?.settled === true && known === this.#known && isSameState(known.identity, identity)) {
      this.#seenAt = lookedAt;
      return known.content;
    }
    const underWay = this.#reading;
    if (underWay !== undefined && isSameState(underWay.identity, identity)) return underWay.content;

    const content = this.#read().finally(() => {
      // A later one may have begun meanwhile.
      if (this.#reading === reading) this.#reading = undefined;
    });
    const reading: Reading<T> = { identity, content };
    this.#reading = reading;
    return content;
  }

  async #read(): Promise<T> {
    const { path, understand, maxBytes, inspect, now } = this.#parts;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      // Opening a named pipe would otherwise wait for somebody to write into it.
      const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        const begun = now();
        const identity = await file.stat({ bigint: true });
        if (!identity.isFile()) throw new TypeError('it is not a regular file');
        if (identity.size > maxBytes) throw new RangeError(`it is larger than ${String(maxBytes)} bytes`);
        await inspect?.(identity);
        const bytes = await readWhole(file, Number(identity.size));
        if (!isSameState(identity, await file.stat({ bigint: true }))) continue;

        const digest = createHash('sha256').update(bytes).digest('base64');
        const content = this.#known?.digest === digest ? this.#known.content : understand(bytes);
        const settled = begun - Number(identity.ctimeNs / 1_000_000n) > TICK_MS;
        this.#known = { identity, content, digest, settled };
        return content;
      } finally {
        await file.close();
      }
    }
    throw new Error('it changes while it is read');
  }
}

/** As much as the file held when it was looked at: one that grows is read again. */
async function readWhole(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await file.read(bytes, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}
