import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Which processor core servers and clients run on. The prefixes go in front of a command line. */
export interface Pinning {
  readonly serverPrefix: readonly string[];
  readonly clientPrefix: readonly string[];
  readonly description: string;
}

/** Puts servers on CPU 0 and clients on CPU 1, where `taskset` and a second core exist. */
export function choosePinning(): Pinning {
  const free = (reason: string): Pinning => ({
    serverPrefix: [],
    clientPrefix: [],
    description: `not pinned (${reason}): servers and clients share all cores`,
  });
  if (availableParallelism() < 2) return free('one core only');
  for (const cpu of ['0', '1']) {
    if (spawnSync('taskset', ['-c', cpu, 'true']).status !== 0) return free(`taskset -c ${cpu} does not work here`);
  }
  return {
    serverPrefix: ['taskset', '-c', '0'],
    clientPrefix: ['taskset', '-c', '1'],
    description: 'servers pinned to CPU 0, clients to CPU 1',
  };
}
