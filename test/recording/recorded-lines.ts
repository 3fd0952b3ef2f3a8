import { readRecording, type RecordedLine } from '../../src/index.js';

/** All lines of a recording. */
export async function linesOf(source: string | Iterable<string> | AsyncIterable<string>): Promise<RecordedLine[]> {
  const lines: RecordedLine[] = [];
  for await (const line of readRecording(source)) lines.push(line);
  return lines;
}
