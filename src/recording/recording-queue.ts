/** Lines that are written at once. Small enough that making bytes of them does not hold up the server. */
const BATCH_BYTES = 256 * 1024;

/** Where a file of a recording begins. */
export interface PartStart {
  /** In milliseconds from the start of the run. */
  readonly at: number;
  /** How many events of the run were dropped before. */
  readonly droppedBefore: number;
}

interface QueuedLine {
  readonly text: string;
  readonly bytes: number;
  readonly isEvent: boolean;
}

/** Lines that go to one file. */
interface QueuedPart {
  /** Until its file has been begun. */
  start: PartStart | undefined;
  /** Bytes of all its lines, of those that were taken too. */
  bytes: number;
  /** Those that have not been taken. */
  readonly lines: QueuedLine[];
}

/** What is to be written next. */
export interface Batch {
  /** Where the new file begins whose first lines these are, of which there may be none yet. */
  readonly begins: PartStart | undefined;
  readonly text: string;
}

/** The lines of a recording that wait for the disk, in bounded memory. Knows where files begin, and nothing of files. */
export class RecordingQueue {
  readonly #maxBytes: number;
  readonly #maxFileBytes: number;
  #parts: QueuedPart[] = [];
  /** Of the lines that wait or are being written. */
  #bytes = 0;
  #events = 0;
  /** Of the lines that are being written. */
  #taken = { bytes: 0, events: 0 };

  constructor(maxBytes: number, maxFileBytes: number) {
    this.#maxBytes = maxBytes;
    this.#maxFileBytes = maxFileBytes;
  }

  /** Whether a line of `bytes` bytes finds room. */
  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= this.#maxBytes;
  }

  /** Whether a line of `bytes` bytes has to go into a new file. Each file takes one line at least. */
  isFileFull(bytes: number): boolean {
    const part = this.#parts.at(-1);
    return part !== undefined && part.bytes > 0 && part.bytes + bytes > this.#maxFileBytes;
  }

  /** What is added from here on goes into a new file. */
  beginPart(start: PartStart): void {
    this.#parts.push({ start, bytes: 0, lines: [] });
  }

  /** Adds a line behind the others. Needs a part, and room. */
  add(text: string, bytes: number, isEvent: boolean): void {
    const part = this.#parts.at(-1);
    if (part === undefined) throw new RangeError('a line before the first part');
    part.lines.push({ text, bytes, isEvent });
    part.bytes += bytes;
    this.#bytes += bytes;
    if (isEvent) this.#events += 1;
  }

  /** What comes next; undefined if there is nothing. Its lines take room until {@link settle}. */
  take(): Batch | undefined {
    while (this.#parts.length > 1 && isDone(this.#parts[0])) this.#parts.shift();
    const [part] = this.#parts;
    if (part === undefined || isDone(part)) return undefined;

    const { start } = part;
    part.start = undefined;
    return { begins: start, text: this.#takeLines(part) };
  }

  /** What was taken is written. */
  settle(): void {
    this.#bytes -= this.#taken.bytes;
    this.#events -= this.#taken.events;
    this.#taken = { bytes: 0, events: 0 };
  }

  /** Gives up everything, what was taken too. @returns how many events that were. */
  clear(): number {
    const events = this.#events;
    this.#parts = [];
    this.#bytes = 0;
    this.#events = 0;
    this.#taken = { bytes: 0, events: 0 };
    return events;
  }

  #takeLines({ lines }: QueuedPart): string {
    let text = '';
    let count = 0;
    for (const line of lines) {
      if (this.#taken.bytes >= BATCH_BYTES) break;
      text += line.text;
      this.#taken.bytes += line.bytes;
      if (line.isEvent) this.#taken.events += 1;
      count += 1;
    }
    // Once for all of them: each removal moves those that stay.
    lines.splice(0, count);
    return text;
  }
}

/** Whether all that there is of a file has been taken, and it has been begun. */
const isDone = (part: QueuedPart | undefined): boolean => part?.start === undefined && part?.lines.length === 0;
