import { closeSync, openSync, writeSync } from 'node:fs';
import { settledNs } from '../accounting/settled.js';
import { runOpenssh, type CipherSuite, type ClientResult, type ClientRun } from '../clients/openssh-client.js';
import { median } from '../report/statistics.js';
import type { Bench, Measure } from './bench.js';
import { warmedUp, withContestants, type Contestant } from './contestants.js';
import { interleave, type Case, type Sample } from './interleave.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

const SUITES: readonly CipherSuite[] = [
  { cipher: 'aes128-gcm@openssh.com' },
  { cipher: 'aes256-gcm@openssh.com' },
  { cipher: 'chacha20-poly1305@openssh.com' },
  // The second MAC is for dropbear, which has no encrypt-then-MAC.
  { cipher: 'aes128-ctr', mac: 'hmac-sha2-256-etm@openssh.com,hmac-sha2-256' },
];

/** Time and server CPU of a connection that transfers nothing. */
interface ConnectCost {
  readonly seconds: number;
  readonly cpuNs: number;
}

const DIRECTIONS = ['download', 'upload'] as const;
type Direction = (typeof DIRECTIONS)[number];

type Entrant = Contestant & {
  readonly connect: ConnectCost;
  /** Bytes of one transfer. */
  readonly bytes: number;
  /** A file of that many bytes. */
  readonly upload: string;
};

/** Bulk transfer in both directions with the OpenSSH client. */
export const bulk: Measure = (bench) =>
  withContestants(bench, async (contestants) => {
    const { bulkBytes, rounds } = bench.options;
    const uploads = new Map<number, string>();
    const run = async (entrant: Entrant, suite: CipherSuite, direction: Direction): Promise<Sample> => {
      const { server, connect, bytes } = entrant;
      const request: ClientRun =
        direction === 'upload'
          ? { command: server.commandFor({ word: 'sink' }), suite, input: entrant.upload }
          : { command: server.commandFor({ word: 'source', bytes }), suite };
      const { seconds, cpuNs } = await transfer(bench, entrant, request);
      if (seconds <= connect.seconds) throw new Error('too few bytes: the transfer took no longer than connecting');
      return {
        rate: bytes / MIB / (seconds - connect.seconds),
        cpu: (Math.max(cpuNs - connect.cpuNs, 0) * 1e-9) / (bytes / GIB),
      };
    };
    const prepared = await warmedUp(bench, contestants, async (contestant) => {
      const bytes = Math.ceil(bulkBytes * (contestant.server.bulkShare ?? 1));
      const upload = uploads.get(bytes) ?? writeUpload(bench, bytes);
      uploads.set(bytes, upload);
      return { bytes, upload, connect: await connectCost(bench, contestant) };
    });
    const entrants = await warmedUp(bench, prepared, async (entrant) => {
      const suite = SUITES.find(({ cipher }) => entrant.server.hasCipher(cipher));
      if (suite !== undefined) for (const direction of DIRECTIONS) await run(entrant, suite, direction);
      return {};
    });
    const cases = DIRECTIONS.flatMap((direction) =>
      SUITES.map((suite): Case<Entrant> => ({
        name: `${direction} ${suite.cipher.replace('@openssh.com', '')}`,
        leavesOut: (server) => (server.hasCipher(suite.cipher) ? undefined : 'has no such cipher'),
        remark: ({ bulkShare }) =>
          bulkShare === undefined ? undefined : `${String((bulkShare * bulkBytes) / MIB)} MiB`,
        sample: (entrant) => run(entrant, suite, direction),
      })),
    );
    const rows = await interleave(bench, 'bulk', rounds, entrants, cases);
    return {
      title: 'Bulk transfer',
      note:
        `OpenSSH client, ${String(bulkBytes / MIB)} MiB: download to /dev/null, upload from a file of zeros in ` +
        `${bench.surroundings.workspace.inMemory ? 'memory' : 'the temporary folder'}. Time and server CPU of a ` +
        'connection that runs `true` are subtracted. aes128-ctr goes with hmac-sha2-256-etm (dropbear: hmac-sha2-256). ' +
        'The client needs 0.8 to 2 CPU seconds per GiB on its own core and bounds the rate of every fast server: ' +
        'the CPU column tells servers apart. One transfer each way warms every server up.',
      caseHeading: 'transfer',
      metrics: [
        { id: 'rate', label: 'MiB/s', target: { atLeast: 1 } },
        { id: 'cpu', label: 'server CPU s/GiB', target: { atMost: 1 } },
      ],
      rows,
    };
  });

function writeUpload({ surroundings }: Bench, bytes: number): string {
  const path = surroundings.workspace.path(`upload-${String(bytes)}`);
  const file = openSync(path, 'w');
  // Written out, not truncated to length: reading a hole costs less than reading data.
  const block = Buffer.alloc(MIB);
  for (let left = bytes; left > 0; left -= block.length) writeSync(file, block, 0, Math.min(left, block.length));
  closeSync(file);
  return path;
}

/** The median of five; the first, which meets a cold server, is left out. */
async function connectCost(bench: Bench, contestant: Contestant): Promise<ConnectCost> {
  const runs: ConnectCost[] = [];
  for (let run = 0; run < 6; run++) {
    runs.push(await transfer(bench, contestant, { command: contestant.server.commandFor({ word: 'true' }) }));
  }
  const warm = runs.slice(1);
  return { seconds: median(warm.map(({ seconds }) => seconds)), cpuNs: median(warm.map(({ cpuNs }) => cpuNs)) };
}

async function transfer(bench: Bench, { running }: Contestant, run: ClientRun): Promise<ConnectCost> {
  const before = await settledNs(running.cpu);
  const result = await runOpenssh(bench.surroundings, running, run);
  expectSuccess(result);
  return { seconds: result.seconds, cpuNs: (await settledNs(running.cpu)) - before };
}

function expectSuccess({ status, stderr }: ClientResult): void {
  if (status !== 0) throw new Error(`ssh ended with status ${String(status)}: ${stderr}`);
}
