import type { Row } from '../report/table.js';
import type { ServerUnderTest } from '../servers/server-under-test.js';
import type { Bench } from './bench.js';

/** Values of one run, by metric id. */
export type Sample = Readonly<Record<string, number>>;

/** One case of a measure, for contestants of any kind that carry their server. */
export interface Case<Entrant> {
  readonly name: string;
  /** Why this case leaves a server out; `undefined` when it does not. */
  readonly leavesOut?: (server: ServerUnderTest) => string | undefined;
  /** What is different for a server. */
  readonly remark?: (server: ServerUnderTest) => string | undefined;
  readonly sample: (entrant: Entrant) => Promise<Sample>;
}

/**
 * Runs every case on every entrant once a round, server after server, and returns one row per case and server.
 *
 * Each round begins with another server, so that none always follows the same one.
 */
export async function interleave<Entrant extends { readonly server: ServerUnderTest }>(
  bench: Bench,
  measure: string,
  rounds: number,
  entrants: readonly Entrant[],
  cases: readonly Case<Entrant>[],
): Promise<Row[]> {
  const samples = new Map<string, (Sample | undefined)[]>();
  for (let round = 0; round < rounds; round++) {
    bench.progress(`${measure}: round ${String(round + 1)} of ${String(rounds)}`);
    for (const one of cases) {
      for (const [position] of entrants.entries()) {
        const entrant = entrants[(position + round) % entrants.length];
        if (entrant === undefined || one.leavesOut?.(entrant.server) !== undefined) continue;
        const key = rowKey(one.name, entrant.server);
        const taken = samples.get(key) ?? [];
        taken.push(await attempt(bench, `${measure}, ${one.name}, ${entrant.server.name}`, () => one.sample(entrant)));
        samples.set(key, taken);
      }
    }
  }
  return cases.flatMap((one) => entrants.map(({ server }) => row(one, server, samples)));
}

async function attempt(bench: Bench, what: string, run: () => Promise<Sample>): Promise<Sample | undefined> {
  try {
    return await run();
  } catch (error) {
    bench.failed(what, error);
    return undefined;
  }
}

function row<Entrant>(
  one: Case<Entrant>,
  server: ServerUnderTest,
  samples: ReadonlyMap<string, (Sample | undefined)[]>,
): Row {
  const taken = samples.get(rowKey(one.name, server)) ?? [];
  const metrics = new Set(taken.flatMap((sample) => Object.keys(sample ?? {})));
  const values = new Map([...metrics].map((metric) => [metric, taken.map((sample) => sample?.[metric])]));
  const remark = one.leavesOut?.(server) ?? one.remark?.(server);
  return { caseName: one.name, serverId: server.id, values, ...(remark === undefined ? {} : { remark }) };
}

function rowKey(caseName: string, server: ServerUnderTest): string {
  return `${server.id} ${caseName}`;
}
