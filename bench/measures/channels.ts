import type { ServerUnderTest } from '../servers/server-under-test.js';
import { countFor, loadTarget, type Measure } from './bench.js';
import { withContestants, type Contestant } from './contestants.js';
import { interleave, type Case } from './interleave.js';
import { loaded } from './loaded.js';

/** Channels per second on one connection. */
export const channels: Measure = (bench) =>
  withContestants(bench, async (contestants) => {
    const { rounds } = bench.options;
    const cases = [1, 50].map((concurrency): Case<Contestant> => {
      const count = (server: ServerUnderTest): number => {
        const all = countFor(server, bench.options.channels);
        return concurrency === 1 ? Math.ceil(all / 4) : all;
      };
      return {
        name: `${String(concurrency)} at a time`,
        leavesOut: ({ concurrentChannels }) =>
          concurrentChannels < concurrency ? `bears ${String(concurrentChannels)} at a time` : undefined,
        remark: (server) => `${String(count(server))} channels`,
        sample: async ({ server, running }) => {
          const job = { kind: 'channels', channels: count(server), concurrency } as const;
          const command = server.commandFor({ word: 'true' });
          const target = loadTarget(bench, running);
          const result = await loaded(bench, running, { ...job, target, command });
          return {
            rate: job.channels / result.seconds,
            p99: result.p99Ms,
            cpu: (result.cpuNs * 1e-3) / job.channels,
          };
        },
      };
    });
    return {
      title: 'Channels',
      note: 'On one connection: open a session channel, exec `true`, check exit status 0, close.',
      caseHeading: 'channels',
      metrics: [
        { id: 'rate', label: 'channels/s' },
        { id: 'p99', label: 'p99 ms' },
        { id: 'cpu', label: 'server CPU us' },
      ],
      rows: await interleave(bench, 'channels', rounds, contestants, cases),
    };
  });
