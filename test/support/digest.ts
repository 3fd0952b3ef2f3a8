import { createHash } from 'node:crypto';

/** SHA-256 of `bytes` in hexadecimal: compares megabytes so that a failed test prints one line. */
export const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
