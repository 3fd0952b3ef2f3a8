import { rehearse } from '../rehearsal.js';
import { GUARDED_SERVERS } from '../servers/guarded.js';
import type { ServerUnderTest } from '../servers/server-under-test.js';
import { loadTarget, type Bench, type Measure } from './bench.js';
import { warmedUp, withContestants, type Contestant } from './contestants.js';
import { interleave, type Case } from './interleave.js';
import { loaded } from './loaded.js';

const CONCURRENCY = 8;

/** Logins with which V8 has compiled what a login runs through; a server in which less is compiled looks dearer than it is. */
const WARM_UP = 2_000;

/** Turns of each server in one round of the other measures: a few per cent show only in the median of many. */
const TURNS = 3;

/** What a graph of ten policies adds to the cost of a login: a server of this project, with it and without. */
export const policies: Measure = async (bench) => {
  // The anchor twice if the run has its own anchor twice.
  const twice = bench.servers.some(({ onRequest }) => onRequest === true);
  const servers = GUARDED_SERVERS.filter(({ onRequest }) => twice || onRequest !== true);
  const { handshakes, rounds } = bench.options;
  const login = async ({ server, running }: Contestant, connections: number) => {
    const command = server.commandFor({ word: 'true' });
    const target = loadTarget(bench, running);
    const job = { kind: 'handshake', target, command, connections, concurrency: CONCURRENCY } as const;
    const result = await loaded(bench, running, job);
    return { cpu: (result.cpuNs * 1e-6) / connections, rate: connections / result.seconds };
  };
  const logins: Case<Contestant> = {
    name: `${String(CONCURRENCY)} at a time`,
    sample: (contestant) => login(contestant, handshakes),
  };
  const rows = await withContestants({ ...bench, servers: await rehearsed(bench, servers) }, async (contestants) => {
    const warm = await warmedUp(bench, contestants, (contestant) => login(contestant, WARM_UP));
    return interleave(bench, 'policies', TURNS * rounds, warm, [logins]);
  });
  return {
    title: 'Policies',
    servers,
    note:
      `\`examples/guarded\`: one server with a graph of ten policies of the catalogue, and the same with the sign-in ` +
      `alone. ${String(handshakes)} logins a turn as under Handshakes, ${String(TURNS)} turns a round. Some ` +
      `${String(WARM_UP)} logins warm every server up.`,
    caseHeading: 'logins',
    metrics: [
      { id: 'cpu', label: 'server CPU ms/login', target: { atMost: 1.05 } },
      { id: 'rate', label: 'logins/s' },
    ],
    rows,
  };
};

/** Those that are there and do what they should. */
async function rehearsed(
  { surroundings, failed }: Bench,
  servers: readonly ServerUnderTest[],
): Promise<readonly ServerUnderTest[]> {
  const taken: ServerUnderTest[] = [];
  for (const server of servers) {
    const reason = server.unavailable();
    try {
      if (reason !== undefined) throw new Error(reason);
      await rehearse(server, surroundings);
      taken.push(server);
    } catch (error) {
      failed(`${server.name} (${server.version()})`, error);
    }
  }
  return taken;
}
