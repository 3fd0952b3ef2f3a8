import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';

import { messageOf, SshServerError } from '../errors.js';
import { LineReader } from './line-reader.js';
import { folderOf, partFiles } from './part-name.js';
import type { RecordedLine } from './recorded-line.js';
import { systemCodeOf } from './system-code.js';
import { MAX_LINE_LENGTH, textLines } from './text-lines.js';

/** What the text of a recording is called in messages, if it comes from no file. */
const UNNAMED = 'recording';

/**
 * Reads what {@link record} has written: line by line, in the order in which things happened, with events as they were but
 * for their secrets.
 *
 * Cold: each iteration reads from the start. A path is that of {@link RecordOptions}, which stands for all files of the
 * recording that are left, oldest first and over all runs, or of one of those files, each of which can be read alone. It may
 * be read while it is written: files that are begun meanwhile are read as well, those that are deleted meanwhile are left out,
 * and the reading ends at the last line that there is. Instead of a path there may be text in pieces of any size.
 *
 * Fields that are not known are ignored and events that are not known are told as `skipped`: they come from a later version of
 * this package. A line that is cut at the end of a file is told as `torn`.
 *
 * @example
 * ```ts
 * for await (const line of readRecording('log/traffic.jsonl')) {
 *   if (line.kind === 'event' && line.event.type === 'Decided') console.log(line.at, line.event.by, line.event.outcome);
 * }
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_RECORDING`, while iterated, if there is nothing to read, or with file and line for one
 * that is no line of a recording or is of a later version of the format.
 */
export async function* readRecording(
  source: string | Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<RecordedLine, void, undefined> {
  const reader = new LineReader();
  if (typeof source === 'string') {
    for await (const file of filesOf(source)) yield* readPart(reader, file, textOf(file));
  } else {
    yield* readPart(reader, UNNAMED, source);
  }
}

async function* readPart(
  reader: LineReader,
  file: string,
  pieces: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<RecordedLine, void, undefined> {
  reader.beginFile();
  for await (const { text, number, isComplete } of textLines(pieces)) {
    if (isComplete) yield* reader.read(text, { file, line: number });
    else if (text.length <= MAX_LINE_LENGTH) yield { kind: 'torn', file, line: number };
    else {
      const rule = `a line of more than ${String(MAX_LINE_LENGTH)} characters is none of a recording`;
      throw new SshServerError('ERR_SSH_RECORDING', `${file}:${String(number)}: ${rule}`);
    }
  }
}

/** The files at `path`, looked for again once they have been read, since there may be more by then. */
async function* filesOf(path: string): AsyncGenerator<string, void, undefined> {
  if (await isFile(path)) {
    yield path;
    return;
  }
  let last: number | undefined;
  for (;;) {
    const parts = partFiles(path, await namesIn(path)).filter(({ part }) => last === undefined || part > last);
    if (parts.length === 0) break;
    for (const { part, path: file } of parts) {
      last = part;
      yield file;
    }
  }
  if (last === undefined) throw new SshServerError('ERR_SSH_RECORDING', `${path}: there is no recording`);
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(folderOf(path));
  } catch (cause) {
    throw new SshServerError('ERR_SSH_RECORDING', `${path}: there is no recording: ${messageOf(cause)}`, { cause });
  }
}

const isFile = async (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** The text of a file; of one that is gone by now, none. */
async function* textOf(file: string): AsyncGenerator<string, void, undefined> {
  try {
    // Streams iterate over `any`; with an encoding it is text.
    yield* createReadStream(file, 'utf8') as AsyncIterable<string>;
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return;
    throw new SshServerError('ERR_SSH_RECORDING', `${file}: cannot be read: ${messageOf(cause)}`, { cause });
  }
}
