import { writeFileSync } from 'node:fs';
import type { ClientRun } from '../clients/openssh-client.js';
import type { ExecWord } from '../servers/server-under-test.js';
import type { Bench, Measure } from './bench.js';
import { warmedUp, withContestants, type Contestant } from './contestants.js';
import { interleave, type Case, type Sample } from './interleave.js';
import { connectCost, expectCompression, transfer, type TransferCost } from './transfer.js';

const MIB = 2 ** 20;
/** To compress takes so much longer than to encrypt. */
const SHARE = 1 / 16;

type Manner = Pick<ClientRun, 'compressed' | 'suite'>;

type Entrant = Contestant & { readonly manner: Manner; readonly connect: TransferCost };

/** Bulk transfer with `ssh -C`: text up, text both ways, zeros down. */
export const compression: Measure = (bench) => {
  const surroundings = { ...bench.surroundings, compression: true };
  return withContestants({ ...bench, surroundings }, async (contestants) => {
    const bytes = Math.ceil(bench.options.bulkBytes * SHARE);
    const text = writeText(bench, bytes);
    const run = async (entrant: Entrant, request: ClientRun): Promise<Sample> => {
      const { manner, connect } = entrant;
      const { seconds, cpuNs } = await transfer(bench, entrant, { ...request, ...manner });
      return {
        rate: bytes / MIB / Math.max(seconds - connect.seconds, 0.001),
        cpu: (Math.max(cpuNs - connect.cpuNs, 0) * 1e-6) / (bytes / MIB),
      };
    };
    const transfers: readonly (readonly [string, ExecWord, string?])[] = [
      ['text up', { word: 'sink' }, text],
      ['text both ways', { word: 'cat' }, text],
      ['zeros down', { word: 'source', bytes }],
    ];
    const entrants = await warmedUp(bench, contestants, async (contestant) => {
      const manner: Manner = {
        compressed: true,
        ...(contestant.server.hasCipher('aes128-gcm@openssh.com')
          ? { suite: { cipher: 'aes128-gcm@openssh.com' } }
          : {}),
      };
      await expectCompression(bench, contestant, manner);
      return { manner, connect: await connectCost(bench, contestant, manner) };
    });
    const cases = transfers.map(([name, word, input]): Case<Entrant> => ({
      name,
      sample: (entrant) =>
        run(entrant, { command: entrant.server.commandFor(word), ...(input === undefined ? {} : { input }) }),
    }));
    const rows = await interleave(bench, 'compression', bench.options.rounds, entrants, cases);
    return {
      title: 'Compression',
      note:
        `OpenSSH client with \`-C\`, ${String(bytes / MIB)} MiB. Time and server CPU of a connection that runs \`true\`, with \`-C\` too, are ` +
        'subtracted. The client compresses as hard as zlib does by default, and bounds the rate of what goes up.',
      caseHeading: 'transfer',
      metrics: [
        { id: 'rate', label: 'MiB/s' },
        { id: 'cpu', label: 'server CPU ms/MiB' },
      ],
      rows,
    };
  });
};

/** A file of lines as a server logs them: a quarter of their size, compressed. */
function writeText({ surroundings }: Bench, bytes: number): string {
  const path = surroundings.workspace.path(`text-${String(bytes)}`);
  const lines: string[] = [];
  // A generator of Lehmer's: the same text in each run.
  let state = 1;
  const draw = (below: number): number => {
    state = (state * 48_271) % 0x7fff_ffff;
    return state % below;
  };
  for (let length = 0; length < bytes;) {
    const line = `192.0.2.${String(draw(256))} user${String(draw(5000))} session opened, channel ${String(draw(9))}, ${String(draw(1e9))} bytes\n`;
    lines.push(line);
    length += line.length;
  }
  writeFileSync(path, lines.join('').slice(0, bytes));
  return path;
}
