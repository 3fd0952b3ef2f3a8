import { parseArgs } from 'node:util';

export const MEASURES = [
  'bulk',
  'compression',
  'handshake',
  'hybrid',
  'policies',
  'echo',
  'channels',
  'memory',
] as const;
/** Name of one measure, as `--only` takes it. */
export type MeasureName = (typeof MEASURES)[number];

/** How much of everything one run does. */
export interface BenchOptions {
  /** True for a trial run: small counts, nothing written unless `--out` names a file. */
  readonly quick: boolean;
  readonly measures: readonly MeasureName[];
  /** Ids of the servers to run; `undefined` means all that are available. */
  readonly servers: readonly string[] | undefined;
  /** Rounds; in each, every server has its turn once. */
  readonly rounds: number;
  /** Rounds of the memory measure, which starts every server afresh each time. */
  readonly memoryRounds: number;
  /** Bytes of one bulk transfer. */
  readonly bulkBytes: number;
  /** Connections of one handshake run. */
  readonly handshakes: number;
  /** Round trips of one echo run. */
  readonly roundTrips: number;
  /** Channels of one run at 50 at a time; a sequential run opens a quarter of it. */
  readonly channels: number;
  /** Connections held open by the memory measure. */
  readonly heldConnections: number;
  /** The report's file; `undefined` prints only. */
  readonly out: string | undefined;
  /** The whole run is given up after this many milliseconds. */
  readonly deadlineMs: number;
}

export const USAGE = `usage: node --import tsx bench/main.ts [options]

  --quick             trial run of about a minute; its numbers are too noisy to publish
  --only a,b          measures: ${MEASURES.join(', ')}
  --servers a,b       servers: ssh2, rxsshd, sshd, dropbear (default: all of these that are available),
                      and ssh2-again, the anchor a second time, which shows the noise
  --rounds n          rounds, 1 to 50 (default 5, quick 2)
  --bulk-mib n        MiB of one bulk transfer, 1 to 4096 (default 512, quick 64)
  --out file          where the report goes (default bench/RESULTS.md for a full run of all
                      measures and servers, nowhere for any other)
  --deadline-min n    give up after n minutes, 1 to 120 (default 15)
  --help
`;

const MIB = 2 ** 20;

/**
 * Reads the command line.
 *
 * @throws Error with a sentence for the user, when an option is unknown or out of range.
 */
export function parseOptions(argv: readonly string[], defaultOut: string): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      servers: { type: 'string' },
      rounds: { type: 'string' },
      'bulk-mib': { type: 'string' },
      out: { type: 'string' },
      'deadline-min': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const { quick } = values;
  const rounds = integer('--rounds', values.rounds, quick ? 2 : 5, 1, 50);
  const complete = !quick && values.only === undefined && values.servers === undefined;
  return {
    quick,
    measures: values.only === undefined ? MEASURES : list(values.only).map(measureName),
    servers: values.servers === undefined ? undefined : list(values.servers),
    rounds,
    memoryRounds: Math.min(rounds, quick ? 1 : 3),
    bulkBytes: integer('--bulk-mib', values['bulk-mib'], quick ? 64 : 512, 1, 4096) * MIB,
    handshakes: quick ? 200 : 1_000,
    roundTrips: quick ? 1_000 : 5_000,
    channels: quick ? 500 : 2_000,
    heldConnections: quick ? 300 : 1_000,
    out: values.out ?? (complete ? defaultOut : undefined),
    deadlineMs: integer('--deadline-min', values['deadline-min'], 15, 1, 120) * 60_000,
  };
}

function list(text: string): string[] {
  return text.split(',').map((word) => word.trim());
}

function measureName(word: string): MeasureName {
  const found = MEASURES.find((name) => name === word);
  if (found === undefined) throw new Error(`--only: no measure is called "${word}"; there are ${MEASURES.join(', ')}`);
  return found;
}

function integer(option: string, text: string | undefined, fallback: number, least: number, most: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new Error(`${option}: "${text}" is not a whole number from ${String(least)} to ${String(most)}`);
  }
  return value;
}
