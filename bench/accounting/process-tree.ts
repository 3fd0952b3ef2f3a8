import { readdirSync, readFileSync } from 'node:fs';

/** One line of `/proc/<pid>/stat`, as far as it is of use here. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Clock ticks since boot: together with the id it names a process for good, since ids are used again. */
  readonly startedAt: number;
  /** User and system time of children that ended and were waited for, in clock ticks. */
  readonly waitedTicks: number;
}

/** Reads `/proc/<pid>/stat`; `undefined` when the process is gone. */
export function readStat(pid: number): ProcessStat | undefined {
  const text = readOrUndefined(`/proc/${String(pid)}/stat`);
  if (text === undefined) return undefined;
  // The second field is the command in parentheses and may contain spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    parent: Number(fields[1]),
    startedAt: Number(fields[19]),
    waitedTicks: Number(fields[13]) + Number(fields[14]),
  };
}

/** `root` and all its living descendants. Processes handed over to init are not found. */
export function processTree(root: number): ProcessStat[] {
  const children = new Map<number, ProcessStat[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readStat(Number(name));
    if (stat === undefined) continue;
    const siblings = children.get(stat.parent) ?? [];
    siblings.push(stat);
    children.set(stat.parent, siblings);
  }
  const top = readStat(root);
  const found = top === undefined ? [] : [top];
  // The array grows while it is walked: breadth first.
  for (const { pid } of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** The text of a file below `/proc`, or `undefined`: processes may end at any moment. */
export function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
