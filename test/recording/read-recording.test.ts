import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';

import { readRecording, type RecordedLine } from '../../src/index.js';
import { writeHeader } from '../../src/recording/recording-header.js';
import { textLines } from '../../src/recording/text-lines.js';
import { linesOf } from './recorded-lines.js';

interface HeaderFields {
  readonly part?: number;
  readonly run?: number;
  readonly at?: number;
  readonly droppedBefore?: number;
}

const header = ({ part = 1, run = 1, at = 0, droppedBefore = 0 }: HeaderFields = {}): string =>
  `${writeHeader({ package: '1.2.3', run, part, startedAt: '2026-01-01T00:00:00.000Z', at, droppedBefore })}\n`;

const connection = { id: 'c1', remoteAddress: '192.0.2.1', remotePort: 1, localAddress: '', localPort: 0 };
const line = (seq: number, event: object, at = seq): string => `${JSON.stringify({ seq, at, event })}\n`;
const connected = (seq: number, at?: number): string => line(seq, { type: 'Connected', connection }, at);

/** What was read, in short. */
const short = (lines: readonly RecordedLine[]): readonly string[] =>
  lines.map((it) => {
    if (it.kind === 'part') return `part ${String(it.header.part)}`;
    if (it.kind === 'event') return `${String(it.seq)} ${it.event.type}`;
    if (it.kind === 'dropped') return `-${String(it.count)}`;
    return it.kind === 'torn' ? `torn ${String(it.line)}` : `skipped ${it.eventType}`;
  });

const read = async (text: string): Promise<readonly string[]> => short(await linesOf([text]));

/** A folder with these files, and the path of the recording in it. */
function recordingOf(parts: Readonly<Record<string, string>>): { readonly base: string; readonly folder: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'recording-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  for (const [name, text] of Object.entries(parts)) writeFileSync(path.join(folder, name), text);
  return { base: path.join(folder, 'traffic.jsonl'), folder };
}

describe('readRecording', () => {
  it('reads the files of a recording in the order of their numbers, and no others', async () => {
    const { base } = recordingOf({
      'traffic.1000000.jsonl': header({ part: 1_000_000 }) + connected(3),
      'traffic.000002.jsonl': header({ part: 2 }) + connected(2),
      'traffic.000001.jsonl': header() + connected(1),
      'traffic.00003.jsonl': 'nonsense',
      'traffic.000003.json': 'nonsense',
      'other.000003.jsonl': 'nonsense',
    });

    expect(short(await linesOf(base))).toEqual([
      'part 1',
      '1 Connected',
      'part 2',
      '2 Connected',
      'part 1000000',
      '3 Connected',
    ]);
  });

  it('reads one file of a recording alone', async () => {
    const { folder } = recordingOf({
      'traffic.000001.jsonl': header() + connected(1),
      'traffic.000002.jsonl': header({ part: 2 }) + connected(2),
    });

    expect(short(await linesOf(path.join(folder, 'traffic.000002.jsonl')))).toEqual(['part 2', '2 Connected']);
  });

  it('reads files that are begun while it reads, and does without those that are deleted', async () => {
    const { base, folder } = recordingOf({
      'traffic.000001.jsonl': header() + connected(1),
      'traffic.000002.jsonl': header({ part: 2 }) + connected(2),
    });
    const found: RecordedLine[] = [];
    for await (const it of readRecording(base)) {
      if (found.push(it) !== 1) continue;
      unlinkSync(path.join(folder, 'traffic.000002.jsonl'));
      writeFileSync(path.join(folder, 'traffic.000003.jsonl'), header({ part: 3 }) + connected(3));
    }

    expect(short(found)).toEqual(['part 1', '1 Connected', 'part 3', '3 Connected']);
  });

  it('lets go of a file that is not read to its end', async () => {
    const { base } = recordingOf({ 'traffic.000001.jsonl': header() + connected(1) + connected(2) });

    for await (const it of readRecording(base)) if (it.kind === 'event') break;
    expect(short(await linesOf(base))).toHaveLength(3);
  });

  it.each(['nothing.jsonl', 'no/folder/traffic.jsonl'])('says that there is no recording at %s', async (name) => {
    const { folder } = recordingOf({});

    await expect(linesOf(path.join(folder, name))).rejects.toMatchObject({
      code: 'ERR_SSH_RECORDING',
      message: expect.stringContaining(`${name}: there is no recording`) as string,
    });
  });

  it('tells of a line that a crash has cut, wherever it was cut, and reads on with the next file', async () => {
    const whole = header() + connected(1);
    for (let length = 0; length < whole.length; length += 1) {
      const { base } = recordingOf({
        'traffic.000001.jsonl': whole.slice(0, length),
        'traffic.000002.jsonl': header({ part: 2, run: 2 }) + connected(1),
      });
      const lines = short(await linesOf(base));
      const hasHeader = length >= header().length;
      const isCut = length !== 0 && length !== header().length;

      expect(lines).toEqual([
        ...(hasHeader ? ['part 1'] : []),
        ...(isCut ? [`torn ${hasHeader ? '2' : '1'}`] : []),
        'part 2',
        '1 Connected',
      ]);
    }
  });

  it('tells of losses once, be they told by a line or by the next header', async () => {
    const text =
      header() +
      connected(1) +
      '{"dropped":2,"at":5}\n' +
      connected(4, 6) +
      header({ part: 2, at: 7, droppedBefore: 2 }) +
      connected(5, 8) +
      header({ part: 3, at: 9, droppedBefore: 12 }) +
      connected(16, 10);

    expect(await read(text)).toEqual([
      'part 1',
      '1 Connected',
      '-2',
      '4 Connected',
      'part 2',
      '5 Connected',
      'part 3',
      '-10',
      '16 Connected',
    ]);
  });

  it('tells of no loss that happened in files that are gone', async () => {
    expect(await read(header({ part: 4, droppedBefore: 99 }))).toEqual(['part 4']);
    expect(await read(header({ part: 4, run: 4, droppedBefore: 99 }))).toEqual(['part 4', '-99']);
  });

  it('ignores fields that it does not know', async () => {
    const more = line(1, { type: 'Connected', connection: { ...connection, tls: true }, mood: 'fine' });
    const [, event] = await linesOf([header().replace('{', '{"color":"blue",') + more]);

    expect(event).toEqual({ kind: 'event', seq: 1, at: 1, event: { type: 'Connected', connection } });
  });

  it('skips events that it does not know, and decisions about them', async () => {
    const decided = { by: 'x', source: 'x', phase: 'route', elapsedMs: 0, outcome: 'granted' };
    const text =
      header() +
      connected(1) +
      line(2, { type: 'SSHTimeTravelRequest', connection: 'c1', to: 1985 }) +
      line(3, { type: 'Decided', connection: 'c1', request: 2, ...decided }) +
      connected(4);

    expect(await read(text)).toEqual([
      'part 1',
      '1 Connected',
      'skipped SSHTimeTravelRequest',
      'skipped Decided',
      '4 Connected',
    ]);
  });

  it('refuses a later version of the format, and says whose it is', async () => {
    const later = header().replace('"version":1', '"version":2');

    await expect(read(later)).rejects.toMatchObject({
      code: 'ERR_SSH_RECORDING',
      message: 'recording:1: the version of this recording, written by rxsshd 1.2.3, must be 1 to be read here, got 2',
    });
  });

  const faults: readonly (readonly [what: string, text: string, message: string])[] = [
    ['no header', connected(1), 'recording:1: the first line must be the header of a recording, got'],
    ['another program', '{"recording":"asciinema"}\n', 'recording:1: header.recording must be one of rxsshd, got'],
    ['no JSON', `${header()}{]\n`, 'recording:2: the line must be JSON ('],
    ['a list', `${header()}[]\n`, 'recording:2: the line must be an object, got []'],
    ['no number', `${header()}{"at":1,"event":{}}\n`, 'recording:2: seq must be an integer from 0 on, got undefined'],
    ['a number twice', header() + connected(1) + connected(1), 'recording:3: seq must be above 1, got 1'],
    ['time that runs back', header() + connected(1, 5) + connected(2, 4), 'recording:3: at must be at least 5, got 4'],
    ['no event', `${header()}{"seq":1,"at":1}\n`, 'recording:2: event must be an object, got undefined'],
    [
      'a missing field',
      header() + line(1, { type: 'Log', connection, level: 1 }),
      'recording:2: event.message must be a text, got undefined',
    ],
    [
      'a field of another kind',
      header() + line(1, { type: 'Connected', connection: { ...connection, remotePort: '22' } }),
      "recording:2: event.connection.remotePort must be an integer from 0 on, got '22'",
    ],
    [
      'a value that is none of those',
      header() + line(1, { type: 'Log', connection, level: 4, message: '' }),
      'recording:2: event.level must be one of 1, 2, 3, got 4',
    ],
    [
      'an unknown connection',
      header() + line(1, { type: 'Connected', connection: 'c7' }),
      "recording:2: event.connection must be a connection that an earlier line describes, got 'c7'",
    ],
    [
      'an unknown request',
      header() + line(1, { type: 'Decided', outcome: 'granted', connection, request: 7 }),
      'recording:2: event.request must be the number of an earlier line, got 7',
    ],
    [
      'an amount of memory',
      header() +
        line(1, { type: 'SSHChannelDataIn', connection, channel: 'c1.0', data: { redacted: 1e12 }, dataType: 0 }),
      'recording:2: event.data must be {"redacted":<length>} of at most 16777216, got',
    ],
    [
      'a password',
      header() +
        line(1, {
          ...{ type: 'SSHUserAuthRequest', connection, user: 'a', service: '', ordinal: 1 },
          ...{ method: 'password', password: 'x' },
        }),
      'recording:2: event.password must be "[redacted]", got \'x\'',
    ],
    [
      'a port that cannot be sent',
      header() +
        line(1, {
          ...{ type: 'SSHGlobalRequest', connection, identity: { user: '', method: '' }, requestType: 'tcpip-forward' },
          ...{ wantReply: true, detail: { type: 'tcpip-forward', addressToBind: '', portToBind: 2 ** 32 } },
        }),
      'recording:2: event.detail cannot be encoded (',
    ],
    ['no end', header() + 'x'.repeat(2 ** 20 + 1), 'recording:2: a line of more than 1048576 characters is none of a'],
  ];

  it.each(faults)('refuses what has %s, with its place', async (_what, text, message) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'ERR_SSH_RECORDING',
      message: expect.stringContaining(message) as string,
    });
  });

  it('reads text in pieces of any size as it reads it whole', async () => {
    const text = header() + connected(1) + '{"dropped":2,"at":5}\n' + connected(9) + '{"torn';
    const whole = await linesOf([text]);

    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 12 }), async (cuts) => {
        const places = [0, ...cuts.sort((one, other) => one - other), text.length];
        const pieces = places.slice(1).map((end, index) => text.slice(places[index], end));
        expect(await linesOf(pieces)).toEqual(whole);
      }),
    );
  });

  it('refuses or reads whatever it is given, with no other error than its own', async () => {
    const json = fc.json({ maxDepth: 4 }).map((text) => text.replaceAll('\n', ' '));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(json, fc.string())), async (texts) => {
        const failure = await linesOf([header() + texts.join('\n')]).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure !== undefined) expect(failure).toMatchObject({ code: 'ERR_SSH_RECORDING' });
      }),
    );
  });
});

describe('textLines', () => {
  it('cuts a text into its lines, none of which is lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.stringMatching(/^[ab\n]*$/)), async (pieces) => {
        let text = '';
        for await (const { text: found, isComplete } of textLines(pieces)) text += isComplete ? `${found}\n` : found;
        expect(text).toBe(pieces.join(''));
      }),
    );
  });
});
