import { readdirSync } from 'node:fs';
import type { CpuAccount, CpuAccountant } from './cpu-account.js';
import { processTree, readOrUndefined, readStat, type ProcessStat } from './process-tree.js';

/** One clock tick of `/proc/<pid>/stat`: USER_HZ is 100 on every Linux architecture that Node supports. */
const TICK_NS = 10_000_000;

/**
 * Counts a server by walking its process tree: the threads' `schedstat` (ns) plus the waited-for children (10 ms ticks).
 *
 * It works without any right, but loses children whose parent ends without waiting for them, as sshd's monitor does.
 */
export const procfsAccountant: CpuAccountant = {
  description:
    '/proc walk of the process tree (schedstat in ns, plus cutime in 10 ms ticks): ' +
    'a lower bound for servers that fork, because children nobody waits for are lost',
  open: (_label, rootPid): CpuAccount => {
    // Remembered between walks, since a child whose parent is gone can no longer be found.
    let known: readonly ProcessStat[] = [];
    const walk = (): readonly ProcessStat[] => {
      const root = rootPid();
      if (root !== undefined) known = processTree(root);
      return known;
    };
    return {
      prefix: [],
      readNs: () => walk().reduce((sum, stat) => sum + processNs(stat), 0),
      pids: () => walk().map(({ pid }) => pid),
      close: () => {
        for (const stat of known) killSurvivor(stat);
      },
    };
  },
};

function processNs({ pid, waitedTicks }: ProcessStat): number {
  let sum = waitedTicks * TICK_NS;
  for (const thread of threads(pid)) {
    const text = readOrUndefined(`/proc/${String(pid)}/task/${thread}/schedstat`);
    sum += Number(text?.split(' ', 1)[0] ?? 0);
  }
  return sum;
}

function threads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${String(pid)}/task`);
  } catch {
    return [];
  }
}

function killSurvivor({ pid, startedAt }: ProcessStat): void {
  if (readStat(pid)?.startedAt !== startedAt) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in between.
  }
}
