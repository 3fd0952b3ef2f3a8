import { describe, expect, it, vi } from 'vitest';

import { ConnectionPool, type PoolOptions } from '../src/connection-pool.js';
import type { LdapConnection } from '../src/ldap-connection.js';
import { LdapError } from '../src/ldap-error.js';

const AWAY = new LdapError('ERR_LDAP_AWAY', 'away');
const LATE = new LdapError('ERR_LDAP_TIMEOUT', 'late');
const FOR_EVER = new AbortController().signal;

/** A connection that can break. */
class FakeConnection {
  isAlive = true;
  held: boolean | undefined;
  destroy(): void {
    this.isAlive = false;
  }
  hold(isInUse: boolean): void {
    this.held = isInUse;
  }
}

function poolOf(options: Partial<PoolOptions> = {}) {
  const opened: FakeConnection[] = [];
  const pool = new ConnectionPool({
    open: async () => {
      const connection = new FakeConnection();
      opened.push(connection);
      // All that a pool has to do with a connection.
      return connection as unknown as LdapConnection;
    },
    ...{ maxConnections: 2, maxPending: 2, idleMs: 1_000 },
    ...options,
  });
  return { pool, opened };
}

/** Work that ends when it is told to. */
function work<T>() {
  let settle: { resolve: (value: T) => void; reject: (error: Error) => void } | undefined;
  const done = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return {
    start: () => done,
    end: (value: T) => settle?.resolve(value),
    fail: (error: Error) => settle?.reject(error),
  };
}

describe('ConnectionPool', () => {
  it('hands over the connection that was used last', async () => {
    const { pool, opened } = poolOf();
    const [one, two] = [work<number>(), work<number>()];
    const both = [pool.run(FOR_EVER, one.start), pool.run(FOR_EVER, two.start)];
    await vi.waitFor(() => {
      expect(opened.map(({ held }) => held)).toEqual([true, true]);
    });
    one.end(1);
    two.end(2);

    expect(await Promise.all(both)).toEqual([1, 2]);
    expect(await pool.run(FOR_EVER, async (connection) => connection)).toBe(opened[1]);
    expect(opened.map(({ held }) => held)).toEqual([false, false]);
  });

  it('lets those wait, in their order, who find no place, and refuses those beyond', async () => {
    const { pool, opened } = poolOf({ maxConnections: 1 });
    const order: string[] = [];
    const first = work<undefined>();
    const note = (name: string) => async () => {
      order.push(name);
    };
    const waiting = [pool.run(FOR_EVER, first.start), pool.run(FOR_EVER, note('b')), pool.run(FOR_EVER, note('c'))];

    await expect(pool.run(FOR_EVER, note('d'))).rejects.toMatchObject({ code: 'ERR_LDAP_BUSY' });
    first.end(undefined);
    await Promise.all(waiting);
    expect(order).toEqual(['b', 'c']);
    expect(opened).toHaveLength(1);
    await pool.run(FOR_EVER, note('e'));
    expect(order).toEqual(['b', 'c', 'e']);
  });

  it('forgets who has waited long enough, and keeps the place for others', async () => {
    const { pool } = poolOf({ maxConnections: 1, maxPending: 1 });
    const first = work<undefined>();
    const running = pool.run(FOR_EVER, first.start);
    const controller = new AbortController();
    const late = pool.run(controller.signal, async () => 'never');
    controller.abort(LATE);

    await expect(late).rejects.toBe(LATE);
    const next = pool.run(FOR_EVER, async () => 'next');
    first.end(undefined);
    await running;
    expect(await next).toBe('next');
  });

  it('does nothing for who goes while the place is being handed over', async () => {
    const { pool, opened } = poolOf({ maxConnections: 1 });
    const first = work<undefined>();
    const running = pool.run(FOR_EVER, first.start);
    const controller = new AbortController();
    const asked = vi.fn(async () => 'never');
    const late = pool.run(controller.signal, asked);
    first.end(undefined);
    // The signal comes when the place was given, in the turn after, before its owner has heard of it.
    const aborted = running.then(() => {
      controller.abort(LATE);
    });

    await expect(late).rejects.toBe(LATE);
    await aborted;
    expect(asked).not.toHaveBeenCalled();
    expect(await pool.run(FOR_EVER, async (connection) => connection)).toBe(opened[0]);
  });

  it('asks once more on a fresh connection if the one that was kept has broken', async () => {
    const { pool, opened } = poolOf();
    await pool.run(FOR_EVER, async () => undefined);
    const used: unknown[] = [];
    const answer = await pool.run(FOR_EVER, async (connection) => {
      used.push(connection);
      if (used.length > 1) return 'answer';
      connection.destroy();
      throw AWAY;
    });

    expect(answer).toBe('answer');
    expect(used).toEqual(opened);
  });

  it('does not ask again on a fresh connection, nor about a refusal', async () => {
    const { pool, opened } = poolOf();
    const refused = new LdapError('ERR_LDAP_REFUSED', 'no');
    const asked = vi.fn<() => Promise<never>>();

    asked.mockImplementation(async () => {
      throw AWAY;
    });
    await expect(pool.run(FOR_EVER, asked)).rejects.toBe(AWAY);
    await pool.run(FOR_EVER, async () => undefined);
    asked.mockImplementation(async () => {
      throw refused;
    });
    await expect(pool.run(FOR_EVER, asked)).rejects.toBe(refused);
    expect(asked).toHaveBeenCalledTimes(2);
    expect(opened.map(({ isAlive }) => isAlive)).toEqual([false, false]);
  });

  it('ends the connection on which an answer is still to come', async () => {
    const { pool, opened } = poolOf();
    const controller = new AbortController();
    const slow = work<undefined>();
    const asked = pool.run(controller.signal, slow.start);
    await vi.waitFor(() => {
      expect(opened).toHaveLength(1);
    });
    controller.abort(LATE);
    expect(opened[0]?.isAlive).toBe(false);
    slow.fail(AWAY);

    await expect(asked).rejects.toBe(LATE);
  });

  it('ends connections that nobody has used for a while', async () => {
    vi.useFakeTimers();
    try {
      const { pool, opened } = poolOf();
      await pool.run(FOR_EVER, async () => undefined);
      vi.advanceTimersByTime(999);
      expect(opened[0]?.isAlive).toBe(true);
      vi.advanceTimersByTime(1);
      expect(opened[0]?.isAlive).toBe(false);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('settles everybody when it is closed, and keeps nothing', async () => {
    const { pool, opened } = poolOf({ maxConnections: 1 });
    await pool.run(FOR_EVER, async () => undefined);
    const slow = work<undefined>();
    const asked = [pool.run(FOR_EVER, slow.start), pool.run(FOR_EVER, async () => undefined)];
    await vi.waitFor(() => {
      expect(opened[0]?.held).toBe(true);
    });
    pool.close();
    slow.fail(AWAY);

    for (const it of asked) await expect(it).rejects.toMatchObject({ code: 'ERR_LDAP_CLOSED' });
    await expect(pool.run(FOR_EVER, async () => undefined)).rejects.toMatchObject({ code: 'ERR_LDAP_CLOSED' });
    expect(opened.map(({ isAlive }) => isAlive)).toEqual([false]);
  });
});
