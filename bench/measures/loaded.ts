import { settledNs } from '../accounting/settled.js';
import type { LoadJob, LoadResult } from '../clients/load-job.js';
import type { RunningServer } from '../servers/server-under-test.js';
import type { Bench } from './bench.js';

/** Runs a job and reads what it cost the server; what the job prepares and ends is not counted. */
export function loaded(
  bench: Bench,
  { cpu }: RunningServer,
  job: LoadJob,
): Promise<LoadResult & { readonly cpuNs: number }> {
  return bench.load.perform(job, async (run) => {
    const before = await settledNs(cpu);
    const result = await run();
    return { ...result, cpuNs: (await settledNs(cpu)) - before };
  });
}
