import type { BigIntStats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';

const WRITABLE_BY_OTHERS = 0o022n;
const STICKY = 0o1000n;

/** The users whose files are trusted in any case: root, and whoever runs this server. Undefined on systems without user numbers. */
export function trustedOwners(): readonly number[] | undefined {
  const own = process.geteuid?.();
  return own === undefined ? undefined : [0, own];
}

/**
 * Checks that only trusted users could have written a file, as `StrictModes` of sshd_config(5) does: they own it and each folder
 * above it, and neither group nor others may write there. A folder where everybody may write, but nobody may replace what others
 * own, such as `/tmp`, passes: the file in it is looked at as well.
 *
 * @param stats - Of the opened file itself.
 * @param owners - Numbers of the trusted users.
 * @throws Error that says which part of the path is not to be trusted.
 */
export async function requireTrustedPath(file: string, stats: BigIntStats, owners: readonly number[]): Promise<void> {
  const trusted = new Set(owners.map(BigInt));
  const real = await realpath(file);
  requireTrusted(real, stats, trusted, WRITABLE_BY_OTHERS);
  for (let below = real, folder = path.dirname(real); folder !== below; below = folder, folder = path.dirname(folder)) {
    const folderStats = await stat(folder, { bigint: true });
    requireTrusted(folder, folderStats, trusted, (folderStats.mode & STICKY) === 0n ? WRITABLE_BY_OTHERS : 0n);
  }
}

function requireTrusted(
  place: string,
  { uid, mode }: BigIntStats,
  owners: ReadonlySet<bigint>,
  forbidden: bigint,
): void {
  if (!owners.has(uid)) throw new Error(`${place} belongs to another user, number ${String(uid)}`);
  if ((mode & forbidden) !== 0n) throw new Error(`${place} is writable by its group or by everybody`);
}
