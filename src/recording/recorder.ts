import type { Observable, Subscription } from 'rxjs';

import { messageOf, SshServerError } from '../errors.js';
import { after, type Clock } from '../streams/clock.js';
import type { SshEvent } from '../streams/events/ssh-event.js';
import { LineWriter } from './line-writer.js';
import { PartWriter } from './part-writer.js';
import { packageVersion } from './package-version.js';
import type { Recording } from './recording.js';
import type { RecordingFiles } from './recording-files.js';
import { RecordingQueue } from './recording-queue.js';
import { MAX_LINE_LENGTH } from './text-lines.js';

/** How long a failed disk is left alone; twice as long after each further failure, up to the longest. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** The options of `record`, complete. */
export interface RecorderSettings {
  readonly path: string;
  readonly maxFileBytes: number;
  readonly maxFiles: number;
  readonly maxQueuedBytes: number;
  readonly files: RecordingFiles;
  readonly clock: Clock;
  readonly onError: (error: SshServerError) => void;
}

/**
 * Writes events to files behind the server's back: an event costs the server the text of its line, never a wait, and whatever
 * happens to the disk costs the recording and nothing else.
 */
export class Recorder implements Recording {
  readonly #settings: RecorderSettings;
  readonly #startedAt: number;
  readonly #lines = new LineWriter();
  readonly #queue: RecordingQueue;
  readonly #parts: PartWriter;
  #subscription: Subscription | undefined;
  /** Number of the last event, of those that were dropped too. */
  #seq = 0;
  #lastAt = 0;
  #dropped = 0;
  /** How many of them no line tells of yet. */
  #untold = 0;
  #error: SshServerError | undefined;
  #failures = 0;
  /** Ends the pause after a failure. */
  #retry: Subscription | undefined;
  /** Lines are being written; settles when there are no more. */
  #writing: Promise<void> | undefined;
  /** There was no room, and nothing has been written since. */
  #full = false;
  #hasToldOfMisfit = false;
  #closed: Promise<void> | undefined;

  constructor(settings: RecorderSettings) {
    this.#settings = settings;
    this.#startedAt = settings.clock.now();
    this.#queue = new RecordingQueue(settings.maxQueuedBytes, settings.maxFileBytes);
    this.#parts = new PartWriter({
      path: settings.path,
      maxFiles: settings.maxFiles,
      files: settings.files,
      package: packageVersion(),
      startedAt: new Date(this.#startedAt).toISOString(),
      onLeftover: (file, cause) => {
        this.#tell(`${file} cannot be deleted: ${messageOf(cause)}`, cause);
      },
    });
    this.#queue.beginPart({ at: 0, droppedBefore: 0 });
    this.#write();
  }

  get dropped(): number {
    return this.#dropped;
  }

  get error(): SshServerError | undefined {
    return this.#error;
  }

  get file(): string | undefined {
    return this.#parts.path;
  }

  /** Records `event$` from here on, to its end. */
  follow(event$: Observable<SshEvent>): void {
    this.#subscription = event$.subscribe({
      next: (event) => {
        this.#take(event);
      },
      error: (cause: unknown) => {
        this.#tell(`the events ended with an error: ${messageOf(cause)}`, cause);
        void this.close();
      },
      complete: () => {
        void this.close();
      },
    });
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#finish());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(event: SshEvent): void {
    if (this.#closed !== undefined) return;
    this.#seq += 1;
    // While the disk fails or the queue is full, an event costs no more than this.
    if (this.#retry !== undefined) this.#dropped += 1;
    else if (this.#full || !this.#addLoss()) this.#drop();
    else this.#add(event);
    this.#write();
  }

  #drop(): void {
    this.#dropped += 1;
    this.#untold += 1;
    // Otherwise when something has been written, for all that is dropped until then.
    if (this.#writing === undefined) this.#addLoss();
  }

  /** Puts the line of `event` into the queue, or drops it. */
  #add(event: SshEvent): void {
    const at = this.#now();
    try {
      let line = this.#lineOf(event, at);
      let bytes = Buffer.byteLength(line);
      if (this.#queue.isFileFull(bytes)) {
        this.#beginPart(at);
        line = this.#lineOf(event, at);
        bytes = Buffer.byteLength(line);
      }
      if (this.#queue.hasRoom(bytes)) {
        this.#queue.add(line, bytes, true);
        return;
      }
      // What would not even fit into an empty queue says nothing of this one.
      this.#full = bytes <= this.#settings.maxQueuedBytes;
    } catch (cause) {
      if (!this.#hasToldOfMisfit) this.#tell(`an event could not be recorded: ${messageOf(cause)}`, cause);
      this.#hasToldOfMisfit = true;
    }
    this.#lines.forget();
    this.#drop();
  }

  #lineOf(event: SshEvent, at: number): string {
    const line = this.#lines.event(this.#seq, at, event);
    if (line.length > MAX_LINE_LENGTH) throw new RangeError(`${event.type} takes ${String(line.length)} characters`);
    return line;
  }

  /** Tells of events that were dropped, in the place where they are missing. @returns false if there is no room for that. */
  #addLoss(): boolean {
    if (this.#untold === 0) return true;
    const at = this.#now();
    const line = this.#lines.dropped(this.#untold, at);
    if (!this.#queue.hasRoom(line.length)) return false;
    if (this.#queue.isFileFull(line.length)) {
      this.#beginPart(at);
    } else {
      this.#queue.add(line, line.length, false);
      this.#untold = 0;
    }
    return true;
  }

  /** A file can be read without the others, and its header tells of all that was lost before. */
  #beginPart(at: number): void {
    this.#lines.forget();
    this.#queue.beginPart({ at, droppedBefore: this.#dropped });
    this.#untold = 0;
  }

  #write(): void {
    if (this.#writing === undefined && this.#retry === undefined) this.#writing = this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    // What happens in one turn of the event loop goes out in one write.
    await Promise.resolve();
    for (let batch = this.#queue.take(); batch !== undefined; batch = this.#queue.take()) {
      try {
        if (batch.begins !== undefined) await this.#parts.begin(batch.begins);
        if (batch.text !== '') await this.#parts.append(batch.text);
      } catch (cause) {
        await this.#fail(cause);
        break;
      }
      this.#queue.settle();
      this.#error = undefined;
      if (batch.text !== '') this.#failures = 0;
      this.#full = false;
      this.#addLoss();
    }
    this.#writing = undefined;
  }

  /** Gives up what is queued, since nobody knows how much of it has been written, and leaves the disk alone for a while. */
  async #fail(cause: unknown): Promise<void> {
    const file = this.#parts.path ?? this.#settings.path;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#failures += 1;
    await this.#parts.abandon();
    this.#dropped += this.#queue.clear();
    this.#full = false;
    const consequence = this.#closed === undefined ? `recording pauses for ${String(pauseMs)} ms` : 'its end is lost';
    if (this.#closed === undefined) {
      this.#retry = after(this.#settings.clock, pauseMs, () => {
        this.#resume();
      });
    }
    this.#error = this.#tell(`${file} cannot be written, ${consequence}: ${messageOf(cause)}`, cause);
  }

  #resume(): void {
    this.#retry?.unsubscribe();
    this.#retry = undefined;
    this.#beginPart(this.#now());
    this.#write();
  }

  async #finish(): Promise<void> {
    this.#subscription?.unsubscribe();
    if (this.#retry !== undefined) this.#resume();
    this.#addLoss();
    this.#write();
    await this.#writing;
    try {
      await this.#parts.close();
    } catch (cause) {
      this.#error = this.#tell(`${this.#settings.path} cannot be closed: ${messageOf(cause)}`, cause);
    }
  }

  /** Milliseconds since the start, which never decrease: a clock may be set back. */
  #now(): number {
    this.#lastAt = Math.max(this.#lastAt, this.#settings.clock.now() - this.#startedAt);
    return this.#lastAt;
  }

  #tell(message: string, cause: unknown): SshServerError {
    const error = new SshServerError('ERR_SSH_RECORDING', message, { cause });
    try {
      this.#settings.onError(error);
    } catch (thrown) {
      // Whoever listens for failures must not cause one in the server.
      process.emitWarning(`${message}; and onError threw: ${messageOf(thrown)}`);
    }
    return error;
  }
}
