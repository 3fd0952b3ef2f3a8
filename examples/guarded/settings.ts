import { readFile } from 'node:fs/promises';

import type { ServiceIdentifier } from 'inversify';

/** What the environment decides; README.md beside this file says what each variable means. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly stateDir: string;
  /** The text of an authorized_keys file (sshd(8)). */
  readonly authorizedKeys: string;
  readonly maxStartups: string;
  readonly maxPerSource: number;
  readonly maxAuthRequestsPerMinute: number;
}

export const SETTINGS: ServiceIdentifier<Settings> = Symbol.for('guarded/Settings');

/**
 * Reads the settings.
 *
 * @throws Error if there is no file of keys, or it cannot be read; numbers out of range are found by whoever takes them
 */
export async function readSettings(env: Readonly<Record<string, string | undefined>>): Promise<Settings> {
  const { AUTHORIZED_KEYS: keyFile } = env;
  if (keyFile === undefined) throw new Error('AUTHORIZED_KEYS must name the file of the keys that may sign in');

  return {
    host: env['HOST'] ?? '127.0.0.1',
    port: Number(env['PORT'] ?? 2222),
    stateDir: env['STATE_DIR'] ?? '.rxsshd',
    authorizedKeys: await readFile(keyFile, 'utf8'),
    maxStartups: env['MAX_STARTUPS'] ?? '10:30:100',
    maxPerSource: Number(env['MAX_PER_SOURCE'] ?? 20),
    maxAuthRequestsPerMinute: Number(env['MAX_AUTH_REQUESTS_PER_MINUTE'] ?? 60),
  };
}
