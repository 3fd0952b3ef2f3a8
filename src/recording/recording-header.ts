import { finite, natural, oneOf, text } from './fields/plain-fields.js';
import { FieldError } from './fields/field-error.js';
import { isJsonObject } from './fields/json-object.js';
import { ReadMemory } from './fields/read-memory.js';
import { struct } from './fields/struct.js';
import { WriteMemory } from './fields/write-memory.js';

/** What every recording calls itself. */
const NAME = 'rxsshd';

/** Raised when a line is written in a way that earlier readers would misread. New events and fields do not raise it. */
export const RECORDING_VERSION = 1;

/** The first line of each file of a recording. */
export interface RecordingHeader {
  readonly recording: typeof NAME;
  /** Version of the format. */
  readonly version: typeof RECORDING_VERSION;
  /** Version of the package that wrote it. */
  readonly package: string;
  /**
   * Number of the part that this run of the recorder began with. Ids of connections and numbers of events start again with
   * each run.
   */
  readonly run: number;
  /** Number of this file. Counts on when the server is started again. */
  readonly part: number;
  /** When this run began, as an ISO 8601 date: where the `at` of every line counts from. */
  readonly startedAt: string;
  /** When this part began, in milliseconds from `startedAt`. */
  readonly at: number;
  /** How many events of this run were dropped before this part began. */
  readonly droppedBefore: number;
}

const header = struct<RecordingHeader>({
  recording: oneOf(NAME),
  version: oneOf(RECORDING_VERSION),
  package: text,
  run: natural,
  part: natural,
  startedAt: text,
  at: finite,
  droppedBefore: natural,
});

/** The text of the line, without its end. */
export const writeHeader = (fields: Omit<RecordingHeader, 'recording' | 'version'>): string =>
  header.write({ recording: NAME, version: RECORDING_VERSION, ...fields }, new WriteMemory());

/** Whether a line claims to be a header, of whatever version. */
export const isHeader = (json: unknown): boolean => isJsonObject(json) && 'recording' in json;

/** @throws {@link FieldError} if it is no header, or one of a version that cannot be read. */
export function readHeader(json: unknown): RecordingHeader {
  if (isJsonObject(json) && json['recording'] === NAME && json['version'] !== RECORDING_VERSION) {
    const by = typeof json['package'] === 'string' ? `, written by rxsshd ${json['package']},` : '';
    const known = String(RECORDING_VERSION);
    throw new FieldError(`the version of this recording${by}`, `must be ${known} to be read here`, json['version']);
  }
  return header.read(json, 'header', new ReadMemory());
}
