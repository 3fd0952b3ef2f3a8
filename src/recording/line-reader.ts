import { messageOf, SshServerError } from '../errors.js';
import { anyEvent } from './fields/event-fields.js';
import { FieldError } from './fields/field-error.js';
import { isJsonObject, type JsonObject } from './fields/json-object.js';
import { finite, natural } from './fields/plain-fields.js';
import { ReadMemory } from './fields/read-memory.js';
import { UnknownKindError } from './fields/unknown-kind-error.js';
import type { RecordedEvent, RecordedLine, RecordedLoss, RecordedPart, SkippedLine } from './recorded-line.js';
import { isHeader, readHeader, type RecordingHeader } from './recording-header.js';

/** Where a line stands, for those who have to look at it. */
export interface LinePlace {
  readonly file: string;
  /** Number of the line, from 1. */
  readonly line: number;
}

/** Reads the lines of a recording in their order, across all of its files. */
export class LineReader {
  readonly #memory = new ReadMemory();
  #header: RecordingHeader | undefined;
  #run: number | undefined;
  /** Number of the last event of the run. */
  #seq = 0;
  /** Time of the last line of the run. */
  #at = 0;
  /** How many events of the run are known to be dropped. */
  #dropped = 0;

  /**
   * What a complete line says: one thing as a rule, two if it also tells of a loss.
   *
   * @throws {@link SshServerError} `ERR_SSH_RECORDING` with file and line, if it is no line of a recording.
   */
  read(text: string, place: LinePlace): readonly RecordedLine[] {
    try {
      const json = parse(text);
      if (isHeader(json)) return this.#readHeader(readHeader(json), place.file);
      if (this.#header === undefined) throw new FieldError('the first line', 'must be the header of a recording', json);
      if (!isJsonObject(json)) throw new FieldError('the line', 'must be an object', json);
      return ['dropped' in json ? this.#readLoss(json) : this.#readEvent(json)];
    } catch (cause) {
      if (!(cause instanceof FieldError)) throw cause;
      const at = `${place.file}:${String(place.line)}`;
      throw new SshServerError('ERR_SSH_RECORDING', `${at}: ${cause.message}`, { cause });
    }
  }

  /** A file begins: its first line has to be a header. */
  beginFile(): void {
    this.#header = undefined;
  }

  #readHeader(header: RecordingHeader, file: string): readonly [RecordedPart] | readonly [RecordedPart, RecordedLoss] {
    if (this.#run !== header.run) this.#beginRun(header);
    this.#header = header;
    const part: RecordedPart = { kind: 'part', file, header };

    const count = header.droppedBefore - this.#dropped;
    this.#dropped = header.droppedBefore;
    this.#at = Math.max(this.#at, header.at);
    return count > 0 ? [part, { kind: 'dropped', at: this.#at, count }] : [part];
  }

  #beginRun({ run, part, droppedBefore }: RecordingHeader): void {
    this.#run = run;
    this.#memory.forget();
    this.#seq = 0;
    this.#at = 0;
    // Where the first parts are gone, so is what was lost in them.
    this.#dropped = run === part ? 0 : droppedBefore;
  }

  #readLoss(json: JsonObject): RecordedLoss {
    const count = natural.read(json['dropped'], 'dropped', this.#memory);
    this.#dropped += count;
    return { kind: 'dropped', at: this.#readTime(json), count };
  }

  #readEvent(json: JsonObject): RecordedEvent | SkippedLine {
    const seq = natural.read(json['seq'], 'seq', this.#memory);
    if (seq <= this.#seq) throw new FieldError('seq', `must be above ${String(this.#seq)}`, seq);
    this.#seq = seq;
    const at = this.#readTime(json);
    try {
      const event = anyEvent.read(json['event'], 'event', this.#memory);
      this.#memory.end(seq, event);
      return { kind: 'event', seq, at, event };
    } catch (error) {
      const type = isJsonObject(json['event']) ? json['event']['type'] : undefined;
      if (!(error instanceof UnknownKindError) || typeof type !== 'string') throw error;
      this.#memory.noteSkipped(seq);
      return { kind: 'skipped', seq, at, eventType: type };
    }
  }

  #readTime(json: JsonObject): number {
    const at = finite.read(json['at'], 'at', this.#memory);
    if (at < this.#at) throw new FieldError('at', `must be at least ${String(this.#at)}`, at);
    this.#at = at;
    return at;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FieldError('the line', `must be JSON (${messageOf(cause)})`, text);
  }
}
