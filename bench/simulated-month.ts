import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';

import { messageOf } from './message-of.js';
import { formatRounds } from './report/format.js';
import { median } from './report/statistics.js';
import { benchPath } from './servers/node-command.js';

/** What one process says of itself when it has lived through its month. */
interface MonthRun {
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  readonly connections: number;
  readonly refused: number;
  readonly guesses: number;
  readonly digest: string;
}

/** CPU seconds of a whole process, its start included, on a core such as laptops have. */
const TARGET_SECONDS = 5;

const USAGE = 'usage: node --import tsx bench/simulated-month.ts [--rounds N]   (default 5)\n';

function measure(program: string): MonthRun {
  const { status, stdout, stderr } = spawnSync(process.execPath, [benchPath('simulated-month-run.mjs'), program], {
    encoding: 'utf8',
    timeout: 300_000,
  });
  if (status !== 0) throw new Error(`a run of the simulated month failed: ${stderr}`);
  // It is this folder's own program that writes it.
  return JSON.parse(stdout) as MonthRun;
}

function main(): void {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(USAGE.trim());
  const program = benchPath('../dist-examples/testing/simulated-month.js');
  if (!existsSync(program)) throw new Error(`${program} is missing: run \`npm run examples\` first`);

  const runs = Array.from({ length: rounds }, () => measure(program));
  const [first] = runs;
  if (first === undefined || runs.some(({ digest }) => digest !== first.digest)) {
    throw new Error('two runs of the same month differ');
  }
  const seconds = runs.map(({ cpuSeconds }) => cpuSeconds);
  const lines = [
    `machine        ${cpus()[0]?.model ?? 'unknown'}, ${String(availableParallelism())} CPUs, Node ${process.version}`,
    `connections    ${String(first.connections)}, of which ${String(first.refused)} refused`,
    `guesses heard  ${String(first.guesses)}`,
    `CPU seconds    ${formatRounds(seconds)} of a whole process, ${String(rounds)} rounds`,
    `peak MiB       ${formatRounds(runs.map(({ peakMiB }) => peakMiB))}`,
    `decisions      ${first.digest.slice(0, 16)}, the same in each`,
    `target         ${median(seconds) < TARGET_SECONDS ? 'met' : 'missed'}: below ${String(TARGET_SECONDS)} CPU seconds`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

try {
  main();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
