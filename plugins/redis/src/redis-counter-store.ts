import { randomBytes } from 'node:crypto';

import type { CounterStore, Extension, HitResult, HitWindow } from 'rxsshd';

import { type CounterScripts, counterScripts } from './counter-scripts.js';
import { FailFast } from './fail-fast.js';
import { keyNames } from './key-names.js';
import { openClient } from './open-client.js';
import { type RedisClient, type RedisCounterStoreOptions, readOptions } from './store-options.js';

/** Counts in Redis. Every method fails by rejecting. */
export interface RedisCounterStore extends CounterStore {
  hit(key: string, window: HitWindow): Promise<HitResult>;
  extend(key: string, extension: Extension): Promise<number>;
  clear(key: string): Promise<void>;
  /**
   * Refuses all to come, lets Redis answer what it was asked, and disconnects, unless the client is the application's.
   * Never rejects; takes no longer than a command may.
   */
  close(): Promise<void>;
}

/**
 * How much longer than necessary a key is kept, in milliseconds. Keys expire by Redis's clock to the millisecond, and the
 * clocks of callers may be this far behind it.
 */
const SLACK_MS = { redis: 1_000, caller: 60_000 } as const;

/** A century: what "for ever" comes to, since Redis keeps no key longer than its clock can count. */
const MAX_MS = 100 * 365 * 24 * 3600 * 1000;

/**
 * Makes a counter store in Redis, for servers that count together: several processes, several machines.
 *
 * Exact: a sliding log of the hits in the window, judged and counted in one step by a script inside Redis, at Redis's time,
 * so that the clocks of the machines do not matter. Bounded: at most `limit` times per key, long keys as digests, everything
 * expires with its window; for the number of keys set `maxmemory` in Redis.
 *
 * It connects at once and reconnects by itself. While Redis is away it rejects instead of waiting, so that each policy
 * decides as its `onStoreFailure` says. For Redis 6 or later, Valkey, and clusters of either.
 *
 * @example
 * ```ts
 * const store = redisCounterStore({ url: 'redis://127.0.0.1:6379' });
 * const perAddress = rateLimit<SSHUserAuthRequest>({
 *   limit: 5,
 *   windowMs: 60_000,
 *   keyOf: (request) => request.connection.remoteAddress,
 *   store,
 * });
 * ```
 *
 * @throws SshServerError `ERR_SSH_OPTION` if an option is wrong. The methods reject with {@link RedisStoreError}.
 */
export function redisCounterStore(options: RedisCounterStoreOptions): RedisCounterStore {
  return new RedisStore(options);
}

class RedisStore implements RedisCounterStore {
  readonly #client: RedisClient;
  readonly #ownsClient: boolean;
  readonly #failFast: FailFast;
  readonly #scripts: CounterScripts;
  readonly #keyPrefix: string;
  readonly #clock: keyof typeof SLACK_MS;
  /** Names hits so that no two stores, and no two hits of one, name theirs alike. */
  readonly #id = randomBytes(9).toString('base64url');
  #hits = 0;
  #closing: Promise<void> | undefined;

  constructor(options: RedisCounterStoreOptions) {
    const { redis, keyPrefix, clock, ...limits } = readOptions(options);
    this.#ownsClient = typeof redis === 'string';
    this.#client = typeof redis === 'string' ? openClient(redis, limits.commandTimeoutMs) : redis;
    this.#failFast = new FailFast(this.#client, limits);
    this.#scripts = counterScripts(this.#client);
    this.#keyPrefix = keyPrefix;
    this.#clock = clock;
    // The errors of another's client are for their listeners; ioredis prints them if there are none.
    if (this.#ownsClient) {
      this.#client.on('error', (error: unknown) => {
        this.#failFast.lastError = error;
      });
    }
  }

  async hit(key: string, { limit, windowMs, now }: HitWindow): Promise<HitResult> {
    const { hits } = keyNames(this.#keyPrefix, key);
    this.#hits += 1;
    const hit = `${this.#id}${this.#hits.toString(36)}`;
    const slackMs = SLACK_MS[this.#clock];
    const reply = await this.#failFast.run(() =>
      this.#scripts.rxsshdHit(hits, this.#timeOf(now), slackMs, limit, Math.min(windowMs, MAX_MS), hit),
    );
    const [allowed, count] = Array.isArray(reply) ? reply.map(Number) : [];
    if (allowed === undefined || count === undefined) throw unexpected(reply);
    return { allowed: allowed === 1, count };
  }

  async extend(key: string, { addMs, maxMs, now }: Extension): Promise<number> {
    const { deadline } = keyNames(this.#keyPrefix, key);
    const slackMs = SLACK_MS[this.#clock];
    const [add, most] = [Math.min(addMs, MAX_MS), Math.min(maxMs, MAX_MS)];
    const reply = await this.#failFast.run(() =>
      this.#scripts.rxsshdExtend(deadline, this.#timeOf(now), slackMs, add, most),
    );
    if (typeof reply !== 'string') throw unexpected(reply);
    return Number(reply);
  }

  async clear(key: string): Promise<void> {
    const { hits, deadline } = keyNames(this.#keyPrefix, key);
    await this.#failFast.run(() => this.#client.del(hits, deadline));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#failFast.close();
    if (!this.#ownsClient) return;
    try {
      if (this.#client.status === 'ready') await this.#failFast.inTime(this.#client.quit());
    } catch {
      // Redis went away first, or hangs: there is nobody to take leave of.
    }
    this.#client.disconnect();
  }

  /** The time to send: nothing where Redis is to take its own. */
  #timeOf(now: number): string {
    return this.#clock === 'redis' ? '' : String(now);
  }
}

const unexpected = (reply: unknown): TypeError =>
  new TypeError(`Redis answered a counter with ${typeof reply}, which no script of this package does`);
