import type { LdapConnection } from './ldap-connection.js';
import { LdapError } from './ldap-error.js';

/** What a {@link ConnectionPool} is made of. */
export interface PoolOptions {
  /** Opens a connection; rejects with what `signal` was aborted with if that comes first. */
  readonly open: (signal: AbortSignal) => Promise<LdapConnection>;
  readonly maxConnections: number;
  readonly maxPending: number;
  readonly idleMs: number;
}

interface Idle {
  readonly connection: LdapConnection;
  readonly timer: NodeJS.Timeout;
}

/**
 * Connections that are used again, at most so many, by at most so many that wait.
 *
 * A connection that has broken while it was idle shows that when it is used: the question is asked once more on a fresh one. What
 * fails on a fresh one has failed.
 */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #idle: Idle[] = [];
  readonly #busy = new Set<LdapConnection>();
  /** Called, in order, when a place is free. */
  readonly #waiting = new Set<() => void>();
  #taken = 0;
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /**
   * Does `work` with a connection of its own.
   *
   * @throws LdapError, as a rejection: whatever `work` rejects with, or there is no connection; whatever `signal` was aborted with
   */
  async run<T>(signal: AbortSignal, work: (connection: LdapConnection) => Promise<T>): Promise<T> {
    await this.#enter(signal);
    try {
      // The place was handed over before this could be told that nobody waits any more.
      signal.throwIfAborted();
      const kept = this.#takeIdle();
      if (kept === undefined) return await this.#runOnFresh(signal, work);
      try {
        return await this.#runOn(kept, signal, work);
      } catch (error) {
        if (kept.isAlive || signal.aborted || !(error instanceof LdapError) || error.code !== 'ERR_LDAP_AWAY')
          throw error;
        return await this.#runOnFresh(signal, work);
      }
    } finally {
      this.#leave();
    }
  }

  /** Ends all connections; what is under way fails, and so does everything from now on. */
  close(): void {
    this.#isClosed = true;
    for (const { connection, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      connection.destroy();
    }
    for (const connection of this.#busy) connection.destroy();
    for (const wake of [...this.#waiting]) wake();
  }

  async #runOnFresh<T>(signal: AbortSignal, work: (connection: LdapConnection) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw closed();
    return this.#runOn(await this.#options.open(signal), signal, work);
  }

  async #runOn<T>(
    connection: LdapConnection,
    signal: AbortSignal,
    work: (connection: LdapConnection) => Promise<T>,
  ): Promise<T> {
    const onAbort = (): void => {
      connection.destroy();
    };
    // What is opened while the pool closes, or while the question is given up, is known to nobody else.
    if (this.#isClosed || signal.aborted) connection.destroy();
    this.#busy.add(connection);
    connection.hold(true);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const result = await work(connection);
      this.#keep(connection);
      return result;
    } catch (error) {
      // Whether an answer is still to come is not known, and the next one might take it for its own.
      connection.destroy();
      throw signal.aborted ? signal.reason : this.#isClosed ? closed() : error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#busy.delete(connection);
    }
  }

  #keep(connection: LdapConnection): void {
    if (this.#isClosed || !connection.isAlive) {
      connection.destroy();
      return;
    }
    connection.hold(false);
    const timer = setTimeout(() => {
      this.#idle.splice(this.#idle.indexOf(idle), 1);
      connection.destroy();
    }, this.#options.idleMs).unref();
    const idle = { connection, timer };
    this.#idle.push(idle);
  }

  /** The one that was used last, so that those that are not needed grow old. */
  #takeIdle(): LdapConnection | undefined {
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      clearTimeout(last.timer);
      if (last.connection.isAlive) return last.connection;
      last.connection.destroy();
    }
    return undefined;
  }

  async #enter(signal: AbortSignal): Promise<void> {
    if (this.#isClosed) throw closed();
    signal.throwIfAborted();
    if (this.#taken < this.#options.maxConnections) {
      this.#taken += 1;
      return;
    }
    const { size } = this.#waiting;
    if (size >= this.#options.maxPending) {
      throw new LdapError('ERR_LDAP_BUSY', `${String(size)} questions wait for the directory already`);
    }
    // The place is handed over by whoever leaves, so that nobody comes between.
    await new Promise<void>((resolve, reject) => {
      const settle = (): void => {
        this.#waiting.delete(settle);
        signal.removeEventListener('abort', settle);
        if (signal.aborted) reject(signal.reason as Error);
        else if (this.#isClosed) reject(closed());
        else resolve();
      };
      this.#waiting.add(settle);
      signal.addEventListener('abort', settle);
    });
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#taken -= 1;
    else next();
  }
}

const closed = (): LdapError => new LdapError('ERR_LDAP_CLOSED', 'the directory is closed');
