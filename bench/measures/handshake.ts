import { countFor, loadTarget, type Measure } from './bench.js';
import { warmedUp, withContestants, type Contestant } from './contestants.js';
import { interleave, type Case } from './interleave.js';
import { loaded } from './loaded.js';

/** Connections per second: from TCP connect to the close after exit status 0. */
export const handshake: Measure = (bench) =>
  withContestants(bench, async (contestants) => {
    const { handshakes, rounds } = bench.options;
    const run = async ({ server, running }: Contestant, concurrency: number, connections: number) => {
      const command = server.commandFor({ word: 'true' });
      const target = loadTarget(bench, running);
      const result = await loaded(bench, running, { kind: 'handshake', target, command, connections, concurrency });
      return {
        rate: connections / result.seconds,
        p50: result.p50Ms,
        p99: result.p99Ms,
        cpu: (result.cpuNs * 1e-6) / connections,
      };
    };
    const cases = [8, 32].map((concurrency): Case<Contestant> => ({
      name: `${String(concurrency)} at a time`,
      leavesOut: ({ concurrentSetups }) =>
        concurrentSetups < concurrency ? `lets ${String(concurrentSetups)} set up at a time` : undefined,
      remark: (server) => (server.forks ? `${String(countFor(server, handshakes))} connections` : undefined),
      sample: (contestant) => run(contestant, concurrency, countFor(contestant.server, handshakes)),
    }));
    const warm = await warmedUp(bench, contestants, (contestant) =>
      run(contestant, Math.min(8, contestant.server.concurrentSetups), countFor(contestant.server, 300)),
    );
    return {
      title: 'Handshakes',
      note:
        `${String(handshakes)} connections a run with the load generator (ssh2 client): curve25519-sha256, ssh-ed25519 ` +
        'host key, ed25519 user key (query, then signature), aes128-gcm; each runs `true` and checks exit status 0. ' +
        'The client, on its own core, costs more than the servers on ssh2 and bounds the rate: compare the CPU column. ' +
        'Some 300 connections warm every server up.',
      caseHeading: 'connections',
      metrics: [
        { id: 'cpu', label: 'server CPU ms/conn', target: { atMost: 0.7 } },
        { id: 'rate', label: 'conn/s' },
        { id: 'p50', label: 'p50 ms' },
        { id: 'p99', label: 'p99 ms' },
      ],
      rows: await interleave(bench, 'handshake', rounds, warm, cases),
    };
  });
