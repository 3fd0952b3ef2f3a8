import { writeFileSync, writeSync } from 'node:fs';
import { cgroupAccountant } from './accounting/cgroup-accountant.js';
import { procfsAccountant } from './accounting/procfs-accountant.js';
import { LoadGenerator } from './clients/load-generator.js';
import { within } from './deadline.js';
import { describeMachine, loadAverage, type Facts } from './machine.js';
import type { Bench } from './measures/bench.js';
import { messageOf } from './message-of.js';
import { MEASURE_BY_NAME } from './measures/catalogue.js';
import { parseOptions, USAGE, type BenchOptions } from './options.js';
import { choosePinning } from './pinning.js';
import { rehearse } from './rehearsal.js';
import { renderReport } from './report/render.js';
import type { Table } from './report/table.js';
import { SERVERS } from './servers/catalogue.js';
import { benchPath } from './servers/node-command.js';
import type { ServerUnderTest, Surroundings } from './servers/server-under-test.js';
import { Workspace } from './workspace.js';

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

function chosenServers(ids: readonly string[] | undefined): readonly ServerUnderTest[] {
  const unknown = ids?.find((id) => !SERVERS.some((server) => server.id === id));
  if (unknown !== undefined) {
    throw new Error(`--servers: no server is called "${unknown}"; there are ${SERVERS.map(({ id }) => id).join(', ')}`);
  }
  return SERVERS.filter(({ id, onRequest }) => ids?.includes(id) ?? onRequest !== true);
}

/** The servers that are there and pass the rehearsal, with what the report says of them. */
async function entrants(
  candidates: readonly ServerUnderTest[],
  surroundings: Surroundings,
  incidents: string[],
): Promise<Map<ServerUnderTest, string>> {
  const taken = new Map<ServerUnderTest, string>();
  for (const server of candidates) {
    let reason = server.unavailable();
    try {
      if (reason === undefined) {
        const identification = await rehearse(server, surroundings);
        taken.set(server, `${server.name}: ${server.version()}; announces ${identification}`);
      }
    } catch (error) {
      reason = `failed the rehearsal: ${messageOf(error)}`;
    }
    if (reason !== undefined) incidents.push(`${server.name} did not take part: ${reason}`);
    progress(taken.get(server) ?? incidents.at(-1) ?? '');
  }
  return taken;
}

async function run(options: BenchOptions): Promise<void> {
  const candidates = chosenServers(options.servers);
  const surroundings: Surroundings = {
    workspace: new Workspace(),
    pinning: choosePinning(),
    accountant: cgroupAccountant() ?? procfsAccountant,
  };
  const loadBefore = loadAverage();
  const startedAt = performance.now();
  const incidents: string[] = [];
  const described = await entrants(candidates, surroundings, incidents);
  const servers = [...described.keys()];
  if (servers.length === 0) throw new Error(`no server to measure\n${incidents.join('\n')}`);
  const failed = (what: string, error: unknown): void => {
    incidents.push(`${what}: failed: ${messageOf(error)}`);
    progress(`${what}: ${messageOf(error)}`);
  };
  const bench: Bench = { surroundings, options, servers, load: new LoadGenerator(surroundings), progress, failed };
  const tables: Table[] = [];
  const complete = await within(options.deadlineMs, 'the benchmark', measureAll(bench, tables)).catch(
    (error: unknown) => {
      failed('the benchmark was given up', error);
      return false;
    },
  );
  const facts: Facts = [
    ...describeMachine(),
    ...[...described.values()].map((text) => ['server', text] as const),
    ['placement', surroundings.pinning.description],
    ['server CPU time', surroundings.accountant.description],
    ['rounds', `${String(options.rounds)} (memory ${String(options.memoryRounds)}), servers interleaved`],
    ['load average', `${loadBefore} before, ${loadAverage()} after`],
    ['duration', `${((performance.now() - startedAt) / 60_000).toFixed(1)} min`],
  ];
  const report = renderReport({ quick: options.quick, facts, servers, tables, incidents });
  writeSync(1, report);
  if (!complete) process.exitCode = 1;
  else if (options.out !== undefined) writeFileSync(options.out, report);
}

/** Adds one table per measure; false when a measure failed as a whole. */
async function measureAll(bench: Bench, tables: Table[]): Promise<boolean> {
  let complete = true;
  for (const name of bench.options.measures) {
    try {
      tables.push(await MEASURE_BY_NAME[name](bench));
    } catch (error) {
      bench.failed(name, error);
      complete = false;
    }
  }
  return complete;
}

try {
  const options = parseOptions(process.argv.slice(2), benchPath('RESULTS.md'));
  if (options === 'help') writeSync(1, USAGE);
  else await run(options);
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
// Ends what a deadline left running, and runs the clean-up that hangs on `exit`.
process.exit();
