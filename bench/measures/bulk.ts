import { closeSync, openSync, writeSync } from 'node:fs';
import type { CipherSuite, ClientRun } from '../clients/openssh-client.js';
import type { Bench, Measure } from './bench.js';
import { warmedUp, withContestants, type Contestant } from './contestants.js';
import { interleave, type Case, type Sample } from './interleave.js';
import { connectCost, transfer, type TransferCost } from './transfer.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

const SUITES: readonly CipherSuite[] = [
  { cipher: 'aes128-gcm@openssh.com' },
  { cipher: 'aes256-gcm@openssh.com' },
  { cipher: 'chacha20-poly1305@openssh.com' },
  // The second MAC is for dropbear, which has no encrypt-then-MAC.
  { cipher: 'aes128-ctr', mac: 'hmac-sha2-256-etm@openssh.com,hmac-sha2-256' },
];

const DIRECTIONS = ['download', 'upload'] as const;
type Direction = (typeof DIRECTIONS)[number];

type Entrant = Contestant & {
  readonly connect: TransferCost;
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
