import { inspect } from 'node:util';

import type { Cluster, Redis } from 'ioredis';
import { SshServerError } from 'rxsshd';

/** A client of `ioredis`, for one Redis or for a cluster. */
export type RedisClient = Redis | Cluster;

/** What the store can be told, wherever its Redis is. */
export interface RedisStoreSettings {
  /** Begins the names of all keys in Redis. Stores that share a Redis and a prefix count together. Default `rxsshd:`. */
  readonly keyPrefix?: string;
  /** How long a policy may have to wait for an answer, in milliseconds; then the store fails. Default 500. */
  readonly commandTimeoutMs?: number;
  /** Commands that may wait for Redis at once; those beyond fail at once. Integer, at least 1. Default 1 000. */
  readonly maxPending?: number;
  /**
   * Who says what time it is. Default `redis`: machines whose clocks differ still count together. `caller` takes the time
   * that policies hand over, the clock of their server: for tests in virtual time, and for one machine alone.
   */
  readonly clock?: 'redis' | 'caller';
}

/** Options of {@link redisCounterStore}: where Redis is, and the settings. */
export type RedisCounterStoreOptions = RedisStoreSettings &
  (
    | {
        /** `redis://user:password@host:6379/0`, `rediss://` with TLS, or the path of a Unix socket. */
        readonly url: string;
        readonly client?: undefined;
      }
    | {
        /** A client of the application, for Sentinel, a cluster, certificates. Closing it stays with the application. */
        readonly client: RedisClient;
        readonly url?: undefined;
      }
  );

/** The options, complete. */
export interface ReadOptions extends Required<RedisStoreSettings> {
  /** The URL, or the client of the application. */
  readonly redis: string | RedisClient;
}

/**
 * Checks the options and fills in defaults.
 *
 * @throws SshServerError `ERR_SSH_OPTION` for the first that is wrong
 */
export function readOptions(options: RedisCounterStoreOptions): ReadOptions {
  const { url, client, keyPrefix = 'rxsshd:', commandTimeoutMs = 500, maxPending = 1_000, clock = 'redis' } = options;
  const redis = url ?? client;
  // JavaScript may bring both, neither, and anything. A URL is not shown: it may hold a password.
  if ((url === undefined) === (client === undefined)) throw wrong('give either url or client');
  if (url !== undefined && !/^(?:rediss?:\/)?\/./.test(url)) {
    throw wrong('url must begin with redis://, rediss:// or the / of a path');
  }
  if (client !== undefined && typeof client.defineCommand !== 'function') throw wrong('client must be one of ioredis');
  if (typeof keyPrefix !== 'string') throw wrong(`keyPrefix must be text, got ${inspect(keyPrefix)}`);
  if (!(commandTimeoutMs > 0 && commandTimeoutMs < 2 ** 30)) {
    throw wrong(`commandTimeoutMs must be a number above 0 and below 2^30, got ${inspect(commandTimeoutMs)}`);
  }
  if (!Number.isSafeInteger(maxPending) || maxPending < 1) {
    throw wrong(`maxPending must be an integer of at least 1, got ${inspect(maxPending)}`);
  }
  if (!['redis', 'caller'].includes(clock)) throw wrong(`clock must be 'redis' or 'caller', got ${inspect(clock)}`);
  return { redis, keyPrefix, commandTimeoutMs, maxPending, clock };
}

const wrong = (rule: string): SshServerError => new SshServerError('ERR_SSH_OPTION', `redisCounterStore: ${rule}`);
