import { countFor, loadTarget, type Measure } from './bench.js';
import { warmedUp, withContestants, type Contestant } from './contestants.js';
import { interleave, type Case } from './interleave.js';
import { loaded } from './loaded.js';

/** What is particular about one table of handshakes. */
interface HandshakeTable {
  readonly name: string;
  readonly title: string;
  readonly keyExchange: string;
  /** How many connections are set up at a time. */
  readonly concurrencies: readonly number[];
  /** Whether a server that has the hybrid exchange does that one. */
  readonly hybrid: boolean;
  /** What the server may take of the anchor's processor time. */
  readonly atMost: number;
}

/** Connections per second: from TCP connect to the close after exit status 0. */
const handshakes =
  ({ name, title, keyExchange, concurrencies, hybrid, atMost }: HandshakeTable): Measure =>
  (bench) =>
    withContestants(bench, async (contestants) => {
      const { handshakes: count, rounds } = bench.options;
      const run = async ({ server, running }: Contestant, concurrency: number, connections: number) => {
        const command = server.commandFor({ word: 'true' });
        const target = { ...loadTarget(bench, running), hybrid: hybrid && server.hybrid === true };
        const result = await loaded(bench, running, { kind: 'handshake', target, command, connections, concurrency });
        return {
          rate: connections / result.seconds,
          p50: result.p50Ms,
          p99: result.p99Ms,
          cpu: (result.cpuNs * 1e-6) / connections,
        };
      };
      const cases = concurrencies.map((concurrency): Case<Contestant> => ({
        name: `${String(concurrency)} at a time`,
        leavesOut: ({ concurrentSetups }) =>
          concurrentSetups < concurrency ? `lets ${String(concurrentSetups)} set up at a time` : undefined,
        remark: (server) => (server.forks ? `${String(countFor(server, count))} connections` : undefined),
        sample: (contestant) => run(contestant, concurrency, countFor(contestant.server, count)),
      }));
      const warm = await warmedUp(bench, contestants, (contestant) =>
        run(contestant, Math.min(8, contestant.server.concurrentSetups), countFor(contestant.server, WARM_UP)),
      );
      return {
        title,
        note:
          `${String(count)} connections a run with the load generator (ssh2 client): ${keyExchange}, ssh-ed25519 ` +
          'host key, ed25519 user key (query, then signature), aes128-gcm; each runs `true` and checks exit status 0. ' +
          'The client, on its own core, costs more than the servers on ssh2 and bounds the rate: compare the CPU column. ' +
          `Some ${String(WARM_UP)} connections warm every server up, fewer those that fork.`,
        caseHeading: 'connections',
        metrics: [
          { id: 'cpu', label: 'server CPU ms/conn', target: { atMost } },
          { id: 'rate', label: 'conn/s' },
          { id: 'p50', label: 'p50 ms' },
          { id: 'p99', label: 'p99 ms' },
        ],
        rows: await interleave(bench, name, rounds, warm, cases),
      };
    });

/** With which V8 has compiled what a connection runs through, in every server alike. */
const WARM_UP = 2_000;

/** The same exchange for all servers. */
export const handshake = handshakes({
  name: 'handshake',
  title: 'Handshakes',
  keyExchange: 'curve25519-sha256',
  concurrencies: [8, 32],
  hybrid: false,
  atMost: 0.55,
});

/** What post-quantum protection costs: the hybrid exchange, beside the X25519 of servers that have no other. */
export const hybridHandshake = handshakes({
  name: 'hybrid',
  title: 'Handshakes with the hybrid key exchange',
  keyExchange: 'mlkem768x25519-sha256 where the server has it, else curve25519-sha256',
  concurrencies: [8],
  hybrid: true,
  atMost: 0.9,
});
