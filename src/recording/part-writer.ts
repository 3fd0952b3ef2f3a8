import { folderOf, partFile, partFiles } from './part-name.js';
import type { RecordingFile, RecordingFiles } from './recording-files.js';
import { writeHeader } from './recording-header.js';
import type { PartStart } from './recording-queue.js';
import { systemCodeOf } from './system-code.js';

/** How often a name is tried again that somebody else has taken meanwhile. */
const MAX_NAME_ATTEMPTS = 8;

/** What a recorder writes with, and where. */
export interface PartWriterOptions {
  readonly path: string;
  readonly maxFiles: number;
  readonly files: RecordingFiles;
  readonly package: string;
  readonly startedAt: string;
  /** Told that an old file cannot be deleted, which is no reason to stop. */
  readonly onLeftover: (file: string, cause: unknown) => void;
}

interface OpenPart {
  readonly path: string;
  readonly file: RecordingFile;
  /** Whether it has more than its header. */
  hasLines: boolean;
}

/**
 * Writes the files of a recording one after the other, each under a number of its own that never changes: a reader can follow
 * them without races, and no file is ever renamed, continued or written over.
 */
export class PartWriter {
  readonly #options: PartWriterOptions;
  #open: OpenPart | undefined;
  /** The part that this run began with. */
  #run: number | undefined;

  constructor(options: PartWriterOptions) {
    this.#options = options;
  }

  /** The file that is written to. */
  get path(): string | undefined {
    return this.#open?.path;
  }

  /** Finishes the file there is, deletes old ones, and begins the next with its header. */
  async begin(start: PartStart): Promise<void> {
    await this.close();
    const { path, files, startedAt, package: version } = this.#options;
    const present = partFiles(path, await files.list(folderOf(path)));
    await this.#prune(present.map((part) => part.path));

    const next = (present.at(-1)?.part ?? 0) + 1;
    const { part, path: name, file } = await this.#create(next);
    this.#open = { path: name, file, hasLines: false };
    const run = this.#run ?? part;
    await file.append(Buffer.from(`${writeHeader({ package: version, run, part, startedAt, ...start })}\n`));
    this.#run = run;
  }

  /** Adds lines to the file that was begun. */
  async append(lines: string): Promise<void> {
    if (this.#open === undefined) throw new RangeError('lines before the first file');
    await this.#open.file.append(Buffer.from(lines));
    this.#open.hasLines = true;
  }

  /** Finishes the file there is. */
  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.file.close();
  }

  /**
   * Lets go of a file that could not be written. One that has nothing but a header is deleted: each attempt leaves one, and
   * they would take the places of good ones.
   */
  async abandon(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    // The failure that led here was told; these are its consequences.
    await open.file.close().catch(() => undefined);
    if (!open.hasLines) await this.#options.files.remove(open.path).catch(() => undefined);
  }

  async #create(first: number) {
    for (let part = first; ; part += 1) {
      const { path } = partFile(this.#options.path, part);
      try {
        return { part, path, file: await this.#options.files.create(path) };
      } catch (cause) {
        if (systemCodeOf(cause) !== 'EEXIST' || part - first + 1 >= MAX_NAME_ATTEMPTS) throw cause;
      }
    }
  }

  /** Before the next file is begun: on a full disk, this is what makes room for it. */
  async #prune(present: readonly string[]): Promise<void> {
    const { files, maxFiles, onLeftover } = this.#options;
    for (const file of present.slice(0, Math.max(0, present.length - maxFiles + 1))) {
      try {
        await files.remove(file);
      } catch (cause) {
        if (systemCodeOf(cause) !== 'ENOENT') onLeftover(file, cause);
      }
    }
  }
}
