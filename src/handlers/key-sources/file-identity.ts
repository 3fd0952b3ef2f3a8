import type { BigIntStats } from 'node:fs';

/** What tells one state of a file from another. */
export type FileIdentity = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>;

/** Whether nothing has been written, replaced or renamed between two looks, as far as the file system tells. */
export const isSameState = (a: FileIdentity, b: FileIdentity): boolean =>
  a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.dev === b.dev;
