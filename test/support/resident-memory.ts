import { readFile } from 'node:fs/promises';

/** Memory of the process `pid` that is in RAM (`VmRSS` of proc(5)), in bytes. Linux only. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error(`process ${String(pid)} has no memory: it has ended`);
  return Number(kibibytes) * 1024;
}
