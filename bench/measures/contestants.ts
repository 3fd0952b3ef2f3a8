import type { RunningServer, ServerUnderTest } from '../servers/server-under-test.js';
import type { Bench } from './bench.js';

/** A server that is up. */
export interface Contestant {
  readonly server: ServerUnderTest;
  readonly running: RunningServer;
}

/**
 * Starts all servers, so that each idles while another is measured, and stops them whatever `work` does.
 *
 * A server that does not start is reported as failed and left out.
 */
export async function withContestants<T>(
  bench: Bench,
  work: (contestants: readonly Contestant[]) => Promise<T>,
): Promise<T> {
  const contestants: Contestant[] = [];
  try {
    for (const server of bench.servers) {
      try {
        contestants.push({ server, running: await server.start(bench.surroundings) });
      } catch (error) {
        bench.failed(`start of ${server.name}`, error);
      }
    }
    return await work(contestants);
  } finally {
    await Promise.all(contestants.map(({ running }) => running.stop()));
  }
}

/** Calls `warm` on each contestant and adds what it returns; one on which it fails is reported and left out. */
export async function warmedUp<Entrant extends Contestant, Addition extends object>(
  bench: Bench,
  contestants: readonly Entrant[],
  warm: (contestant: Entrant) => Promise<Addition>,
): Promise<(Entrant & Addition)[]> {
  const ready: (Entrant & Addition)[] = [];
  for (const contestant of contestants) {
    try {
      ready.push({ ...contestant, ...(await warm(contestant)) });
    } catch (error) {
      bench.failed(`warming up ${contestant.server.name}`, error);
    }
  }
  return ready;
}
