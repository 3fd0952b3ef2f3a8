import type { LoadGenerator } from '../clients/load-generator.js';
import type { LoadTarget } from '../clients/load-job.js';
import type { BenchOptions } from '../options.js';
import type { Table } from '../report/table.js';
import type { RunningServer, ServerUnderTest, Surroundings } from '../servers/server-under-test.js';

/** Everything a measure works with. */
export interface Bench {
  readonly surroundings: Surroundings;
  readonly options: BenchOptions;
  readonly servers: readonly ServerUnderTest[];
  readonly load: LoadGenerator;
  /** Says what is going on, on stderr. */
  readonly progress: (line: string) => void;
  /** Records a failed run. The report lists it, and the round has no value. */
  readonly failed: (what: string, error: unknown) => void;
}

/** Runs its cases on all servers, in interleaved rounds. */
export type Measure = (bench: Bench) => Promise<Table>;

/** What the load generator needs to know of a server. */
export function loadTarget({ surroundings }: Bench, server: RunningServer): LoadTarget {
  return { port: server.port, username: server.username, key: surroundings.workspace.userKey };
}

/** `count`; for a server that forks a tenth of it (at least 50), because it would take all the time. */
export function countFor(server: ServerUnderTest, count: number): number {
  return server.forks ? Math.min(count, Math.max(50, Math.ceil(count / 10))) : count;
}
