import { loadTarget, type Measure } from './bench.js';
import { withContestants, type Contestant } from './contestants.js';
import { interleave, type Case } from './interleave.js';
import { loaded } from './loaded.js';

/** One byte there and back, as somebody types it. */
export const echo: Measure = (bench) =>
  withContestants(bench, async (contestants) => {
    const { roundTrips, rounds } = bench.options;
    const one: Case<Contestant> = {
      name: '1 byte, sequential',
      sample: async ({ server, running }) => {
        const command = server.commandFor({ word: 'cat' });
        const target = loadTarget(bench, running);
        const result = await loaded(bench, running, { kind: 'echo', target, command, roundTrips });
        return {
          rate: roundTrips / result.seconds,
          p50: result.p50Ms * 1e3,
          p99: result.p99Ms * 1e3,
          cpu: (result.cpuNs * 1e-3) / roundTrips,
        };
      },
    };
    return {
      title: 'Echo',
      note: `${String(roundTrips)} round trips of one byte through \`cat\` on one channel, after 200 to warm up.`,
      caseHeading: 'round trips',
      metrics: [
        { id: 'p50', label: 'p50 us' },
        { id: 'p99', label: 'p99 us' },
        { id: 'rate', label: 'round trips/s' },
        { id: 'cpu', label: 'server CPU us' },
      ],
      rows: await interleave(bench, 'echo', rounds, contestants, [one]),
    };
  });
