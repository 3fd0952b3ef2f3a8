import { isObservable, type Observable } from 'rxjs';
import { z } from 'zod';

import { SshServerError } from '../errors.js';
import { type Clock, systemClock } from '../streams/clock.js';
import type { SshEvent } from '../streams/events/ssh-event.js';
import { Recorder } from './recorder.js';
import type { Recording } from './recording.js';
import type { RecordingFiles } from './recording-files.js';
import { systemRecordingFiles } from './system-recording-files.js';

/** Where {@link record} writes to, and how much. */
export interface RecordOptions {
  /**
   * Such as `log/traffic.jsonl`, which stands for `log/traffic.000001.jsonl` and so on: files are numbered upwards, never renamed
   * and never continued. A folder that does not exist is made. One recorder at a time may write there.
   */
  readonly path: string;
  /** Where the next file begins, in bytes; a line is never cut. Default 64 MiB. */
  readonly maxFileBytes?: number;
  /** How many files are kept; the oldest are deleted, of earlier runs too. Default 10. */
  readonly maxFiles?: number;
  /** How much may wait for the disk, in bytes; events beyond are dropped and counted. Default 4 MiB. */
  readonly maxQueuedBytes?: number;
  /** Where files are. Default this machine, readable to their owner alone. */
  readonly files?: RecordingFiles;
  /** Where time comes from. Default the real time. Give it the server's. */
  readonly clock?: Clock;
  /** Told when something cannot be written. Default `process.emitWarning`. */
  readonly onError?: (error: SshServerError) => void;
}

const MIB = 1024 * 1024;

const settingsSchema = z.strictObject({
  path: z.string().min(1),
  maxFileBytes: z
    .int()
    .min(1024)
    .default(64 * MIB),
  maxFiles: z.int().min(1).default(10),
  maxQueuedBytes: z
    .int()
    .min(1024)
    .default(4 * MIB),
});

/**
 * Writes events to files as JSON lines, for {@link readRecording} and for whoever asks later who did what.
 *
 * Every event that `event$` emits becomes a line, without what could be a secret:
 *
 * - Passwords and answers of keyboard-interactive become `"[redacted]"`; neither length nor hash is written.
 * - Data that arrives on a channel becomes its length, since users type passwords at prompts.
 * - The value of an environment variable and the cookie of `x11-req` become their length.
 * - Of requests and channels whose type is unknown, and of malformed ones, the length of their data is written.
 * - Errors are written with code and message, without stack and cause.
 *
 * Everything else is written as it is, user names, addresses, public keys, environment variables' names and **commands**
 * among it, since policies decide on these: keep recordings as you keep logs, and secrets out of command lines.
 *
 * Never holds up the server and never ends it. An event is turned into text at once and waits in a bounded queue for the
 * disk; what finds no room is dropped, and a line says how many there were. If the disk fails, what is queued is dropped as well
 * and recording goes on with a new file after a pause, from one second up to a minute. Ends when `event$` does.
 *
 * The first line of each file is a {@link RecordingHeader}. Each file can be read without the others. With `seq` counting
 * events and `at` in milliseconds from the start, a line is one of
 *
 * ```json
 * {"seq":1,"at":0,"event":{"type":"ConnectionRequest","connection":{"id":"c1","remoteAddress":"192.0.2.7"}}}
 * {"seq":2,"at":3,"event":{"type":"Decided","connection":"c1","request":1,"by":"default","outcome":"granted"}}
 * {"dropped":17,"at":40}
 * ```
 *
 * where a connection is written in full once a file and then by its id, and the request of a decision by the `seq` of its line,
 * or as `{"seq":1,"event":{...}}` where that line stands in another file. Bytes are `{"base64":"..."}`.
 *
 * @example
 * ```ts
 * declare const server: SshServer;
 *
 * const recording = record(server.events.all, { path: 'log/traffic.jsonl' });
 * await server.shutdown();
 * await recording.close();
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_OPTION`, when called, with the path of each bad field.
 */
export function record(event$: Observable<SshEvent>, options: RecordOptions): Recording {
  if (!isObservable(event$)) throw optionError(['events: expected an Observable']);
  const { files = systemRecordingFiles, clock = systemClock, onError = warn, ...settings } = options;
  const result = settingsSchema.safeParse(settings);
  const faults = [
    ...(result.error?.issues ?? []).map((issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`),
    ...partFaults({ files, clock, onError }),
  ];
  if (!result.success || faults.length > 0) throw optionError(faults);

  const recorder = new Recorder({ ...result.data, files, clock, onError });
  recorder.follow(event$);
  return recorder;
}

/** What a schema cannot say better: these are objects and functions. */
function* partFaults(parts: Readonly<Record<'files' | 'clock' | 'onError', unknown>>): Generator<string> {
  if (!hasMethods(parts.files, 'list', 'create', 'remove')) yield 'files: expected list, create and remove';
  if (!hasMethods(parts.clock, 'now')) yield 'clock: expected a Clock';
  if (typeof parts.onError !== 'function') yield 'onError: expected a function';
}

const hasMethods = (value: unknown, ...names: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && names.every((name) => typeof Reflect.get(value, name) === 'function');

const optionError = (faults: readonly string[]): SshServerError =>
  new SshServerError('ERR_SSH_OPTION', `record: ${faults.join('; ')}`);

const warn = (error: SshServerError): void => {
  process.emitWarning(error.message, { code: error.code });
};
