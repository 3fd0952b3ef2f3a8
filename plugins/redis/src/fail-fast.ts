import { RedisStoreError } from './store-error.js';
import type { RedisClient } from './store-options.js';

/** How long, and how many. */
export interface FailFastLimits {
  readonly commandTimeoutMs: number;
  readonly maxPending: number;
}

/**
 * Sends commands while there is a connection, and fails fast while there is none.
 *
 * A connection that is being made is waited for, the first one and the first attempt after a loss, since a proxy that cuts an
 * idle connection is no failure. Once that attempt has failed, commands fail at once until there is a connection again.
 * Nothing waits longer than the time-out, and no more than `maxPending` commands wait, so an outage fills no memory.
 */
export class FailFast {
  /** Why there was no connection when there was none. */
  lastError: unknown;
  readonly #client: RedisClient;
  readonly #limits: FailFastLimits;
  #pending = 0;
  #closed = false;
  /** Settles when it is clear whether there is a connection. */
  #attempt: Promise<void> | undefined;
  #attemptEnded: () => void = () => undefined;

  constructor(client: RedisClient, limits: FailFastLimits) {
    this.#client = client;
    this.#limits = limits;
    client.on('ready', this.#onReady);
    client.on('close', this.#onClose);
    client.on('end', this.#onEnd);
    if (client.status !== 'ready' && client.status !== 'end') this.#await();
    if (client.status === 'wait') client.connect().catch(() => undefined);
  }

  /** @throws RedisStoreError, as a rejection; whatever `command` rejects with if Redis itself refuses */
  async run<T>(command: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new RedisStoreError('ERR_REDIS_CLOSED', 'the counter store is closed');
    if (this.#pending >= this.#limits.maxPending) {
      throw new RedisStoreError('ERR_REDIS_BUSY', `${String(this.#pending)} commands wait for Redis already`);
    }
    this.#pending += 1;
    const answer = this.#send(command).finally(() => {
      this.#pending -= 1;
    });
    return this.inTime(answer);
  }

  /** What `answer` settles with, unless it takes too long. */
  async inTime<T>(answer: Promise<T>): Promise<T> {
    const { commandTimeoutMs } = this.#limits;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new RedisStoreError('ERR_REDIS_TIMEOUT', `Redis has not answered for ${String(commandTimeoutMs)} ms`));
      }, commandTimeoutMs);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Refuses all commands to come and lets go of the client. */
  close(): void {
    this.#closed = true;
    this.#client.off('ready', this.#onReady);
    this.#client.off('close', this.#onClose);
    this.#client.off('end', this.#onEnd);
    this.#attemptEnded();
  }

  async #send<T>(command: () => Promise<T>): Promise<T> {
    // Without a detour if there is a connection: what was asked before the store is closed is sent before it is.
    if (this.#attempt !== undefined) await this.#attempt;
    if (this.#client.status !== 'ready') throw away(this.lastError);
    try {
      return await command();
    } catch (cause) {
      // By name, since the client may come from another copy of ioredis.
      throw cause instanceof Error && cause.name === 'ReplyError' ? cause : away(cause);
    }
  }

  #await(): void {
    this.#attempt = new Promise((resolve) => {
      this.#attemptEnded = resolve;
    });
  }

  readonly #onReady = (): void => {
    this.#attemptEnded();
    this.#attempt = undefined;
  };

  readonly #onClose = (): void => {
    // The first close after a ready begins an attempt, the next one ends it.
    if (this.#attempt === undefined) this.#await();
    else this.#attemptEnded();
  };

  /** The client makes no more attempts, not even the one that has just begun. */
  readonly #onEnd = (): void => {
    this.#attemptEnded();
  };
}

const away = (cause: unknown): RedisStoreError =>
  new RedisStoreError('ERR_REDIS_AWAY', 'there is no connection to Redis', { cause });
