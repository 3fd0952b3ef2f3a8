import { readOrUndefined } from './process-tree.js';

/** Memory of a server's processes. */
export interface ResidentMemory {
  readonly bytes: number;
  /** `rss` for a single process; `pss` (shared pages divided among their users) for the sum over several. */
  readonly kind: 'rss' | 'pss';
}

/**
 * Reads the resident memory of `pids`.
 *
 * RSS summed over forked processes would count their shared pages once each; PSS of a single Node process would change
 * when another Node server on the machine, which shares the executable, stops. Hence one for each case.
 */
export function residentMemory(pids: readonly number[], forks: boolean): ResidentMemory {
  const file = forks ? 'smaps_rollup' : 'status';
  const pattern = forks ? /^Pss:\s+(\d+) kB$/m : /^VmRSS:\s+(\d+) kB$/m;
  let kib = 0;
  for (const pid of pids) {
    kib += Number(pattern.exec(readOrUndefined(`/proc/${String(pid)}/${file}`) ?? '')?.[1] ?? 0);
  }
  return { bytes: kib * 1_024, kind: forks ? 'pss' : 'rss' };
}
