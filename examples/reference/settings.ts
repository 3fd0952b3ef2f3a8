import { isIPv4 } from 'node:net';

import { ALGORITHM_PRESETS, type AlgorithmPreset, type LogLevel } from 'rxsshd';

import { SettingError } from './setting-error.js';

/** Everything that the environment decides; README.md beside this file says what each variable means. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly stateDir: string;
  readonly demoPasswords: boolean;
  /** Path of a file; undefined if no key may sign in. */
  readonly authorizedKeys: string | undefined;
  /** Path of a file of public keys; undefined if no authority signs certificates. */
  readonly userCa: string | undefined;
  readonly algorithms: AlgorithmPreset;
  readonly compression: boolean;
  readonly rekeyBytes: number;
  readonly acceptEnv: readonly string[];
  readonly maxConnections: number;
  readonly maxStartups: number;
  readonly maxPerSource: number;
  readonly maxLoginsPerMinute: number;
  readonly maxAuthAttempts: number;
  readonly maxChannels: number;
  readonly loginGraceMs: number;
  readonly drainMs: number;
  readonly log: boolean;
  readonly logLevel: LogLevel;
  /** Path of a recording of all events; undefined if none is wanted. */
  readonly record: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Whoever sets one of these counts on something that would silently be missing. */
const LATER = new Map([
  ['PROGRAMS', 'programs of the system'],
  ['SFTP_ROOT', 'SFTP'],
]);

/** The longest delay that a timer of Node can wait. */
const MAX_MS = 2 ** 31 - 1;

/**
 * Reads the settings of the reference server.
 *
 * @throws SettingError for the first variable that cannot be used
 */
export function readSettings(env: Environment): Settings {
  for (const [name, feature] of LATER) {
    const value = env[name];
    if (value !== undefined) throw new SettingError(name, value, `this version has no ${feature}; unset ${name}`);
  }

  const settings = {
    host: text(env, 'HOST', 'an address to listen on') ?? '127.0.0.1',
    port: whole(env, 'PORT', 2222, { from: 0, to: 65_535 }),
    stateDir: text(env, 'STATE_DIR', 'a folder for the host keys') ?? '.rxsshd',
    demoPasswords: flag(env, 'DEMO_PASSWORDS', true),
    authorizedKeys: text(env, 'AUTHORIZED_KEYS', 'a file of public keys'),
    userCa: text(env, 'USER_CA', 'a file of public keys'),
    algorithms: preset(env, 'ALGORITHMS', 'modern'),
    compression: flag(env, 'COMPRESSION', false),
    rekeyBytes: whole(env, 'REKEY_BYTES', 2 ** 30, { from: 65_536, to: 2 ** 30 }),
    acceptEnv: patterns(env, 'ACCEPT_ENV', ['LANG', 'LC_*', 'COLORTERM', 'GIT_PROTOCOL']),
    maxConnections: whole(env, 'MAX_CONNECTIONS', 1000),
    maxStartups: whole(env, 'MAX_STARTUPS', 100),
    maxPerSource: whole(env, 'MAX_PER_SOURCE', 10),
    maxLoginsPerMinute: whole(env, 'MAX_LOGINS_PER_MINUTE', 600),
    maxAuthAttempts: whole(env, 'MAX_AUTH_ATTEMPTS', 6),
    maxChannels: whole(env, 'MAX_CHANNELS', 64),
    loginGraceMs: whole(env, 'LOGIN_GRACE_MS', 60_000, { to: MAX_MS }),
    drainMs: whole(env, 'DRAIN_MS', 10_000, { from: 0, to: MAX_MS }),
    log: flag(env, 'LOG', false),
    // The range is that of the type.
    logLevel: whole(env, 'LOG_LEVEL', 0, { from: 0, to: 3 }) as LogLevel,
    record: text(env, 'RECORD', 'a file to record to'),
  };

  if (settings.demoPasswords && !isLoopback(settings.host)) {
    throw new SettingError(
      'HOST',
      settings.host,
      'everybody knows the demo passwords, so with them the server listens on loopback only (127.0.0.1, ::1, localhost). ' +
        'Turn them off with DEMO_PASSWORDS=0 and list keys in AUTHORIZED_KEYS',
    );
  }
  return settings;
}

function whole(env: Environment, name: string, fallback: number, range: { from?: number; to?: number } = {}): number {
  const value = env[name];
  if (value === undefined) return fallback;
  const { from = 1, to = 1_000_000 } = range;
  const number = /^\d{1,15}$/.test(value) ? Number(value) : NaN;
  if (number >= from && number <= to) return number;
  throw new SettingError(name, value, `expected a whole number from ${String(from)} to ${String(to)}`);
}

function preset(env: Environment, name: string, fallback: AlgorithmPreset): AlgorithmPreset {
  const value = env[name];
  if (value === undefined) return fallback;
  const names = Object.keys(ALGORITHM_PRESETS);
  // The keys of the table are its type.
  if (names.includes(value)) return value as AlgorithmPreset;
  throw new SettingError(name, value, `expected one of ${names.join(', ')}`);
}

function flag(env: Environment, name: string, fallback: boolean): boolean {
  const value = env[name];
  if (value === undefined) return fallback;
  if (value !== '0' && value !== '1') throw new SettingError(name, value, 'expected 0 or 1');
  return value === '1';
}

function text(env: Environment, name: string, expected: string): string | undefined {
  const value = env[name];
  if (value?.trim() === '') throw new SettingError(name, value, `expected ${expected}`);
  return value;
}

/** Nothing in the list is a wish too: then no variable is accepted. */
function patterns(env: Environment, name: string, fallback: readonly string[]): readonly string[] {
  const value = env[name];
  if (value === undefined) return fallback;
  const list = value.trim() === '' ? [] : value.split(',').map((pattern) => pattern.trim());
  if (list.every((pattern) => /^[A-Za-z0-9_*]+$/.test(pattern))) return list;
  throw new SettingError(
    name,
    value,
    'expected names of variables with commas between, made of letters, digits and _, with * for any characters, ' +
      'such as LANG,LC_*',
  );
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
