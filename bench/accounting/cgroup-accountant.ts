import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CpuAccount, CpuAccountant } from './cpu-account.js';
import { readOrUndefined } from './process-tree.js';

interface Hierarchy {
  readonly root: string;
  readonly name: string;
  /** Nanoseconds used by the group `folder`. */
  readonly readNs: (folder: string) => number;
}

/**
 * Counts each server in a control group of its own: nanoseconds, with every child process, ended or not.
 *
 * `undefined` where no hierarchy with CPU accounting lets this user create a group and enter it.
 */
export function cgroupAccountant(): CpuAccountant | undefined {
  const hierarchy = hierarchies().find(works);
  if (hierarchy === undefined) return undefined;
  return {
    description: `${hierarchy.name}, one group per server: child processes included`,
    open: (label) => openGroup(hierarchy, label),
  };
}

function hierarchies(): Hierarchy[] {
  const found: Hierarchy[] = [];
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
    const [, root = '', type, flags = ''] = line.split(' ');
    if (type === 'cgroup' && flags.split(',').includes('cpuacct')) {
      const readNs = (folder: string): number => Number(readFileSync(join(folder, 'cpuacct.usage'), 'utf8'));
      found.unshift({ root, name: 'cgroup v1 cpuacct (ns)', readNs });
    }
    if (type === 'cgroup2') {
      const readNs = (folder: string): number => {
        const usec = /^usage_usec (\d+)$/m.exec(readFileSync(join(folder, 'cpu.stat'), 'utf8'))?.[1];
        return Number(usec) * 1_000;
      };
      found.push({ root, name: 'cgroup v2 cpu.stat (us)', readNs });
    }
  }
  return found;
}

function works(hierarchy: Hierarchy): boolean {
  let group: CpuAccount | undefined;
  try {
    group = openGroup(hierarchy, 'probe');
    return Number.isFinite(group.readNs());
  } catch {
    return false;
  } finally {
    group?.close();
  }
}

let opened = 0;

function openGroup(hierarchy: Hierarchy, label: string): CpuAccount {
  opened += 1;
  const folder = join(hierarchy.root, `rxsshd-bench-${String(process.pid)}-${label}-${String(opened)}`);
  mkdirSync(folder);
  const members = join(folder, 'cgroup.procs');
  // Fails here, rather than in the server's shell, where the file may not be written.
  writeFileSync(members, '');
  const pids = (): number[] => (readOrUndefined(members) ?? '').split('\n').filter(Boolean).map(Number);
  let open = true;
  return {
    prefix: ['sh', '-c', 'echo $$ > "$0" && exec "$@"', members],
    readNs: () => hierarchy.readNs(folder),
    pids,
    close: () => {
      if (open) removeGroup(folder, pids);
      open = false;
    },
  };
}

function removeGroup(folder: string, pids: () => readonly number[]): void {
  // A killed process leaves its group a moment later, and until then the kernel refuses to remove the group.
  for (let attempt = 0; attempt < 100; attempt++) {
    for (const pid of pids()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself in between.
      }
    }
    try {
      rmdirSync(folder);
      return;
    } catch {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
