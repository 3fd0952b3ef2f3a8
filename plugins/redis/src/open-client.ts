import { Redis } from 'ioredis';

/** The longest pause between two attempts to connect. */
const MAX_PAUSE_MS = 2_000;

/** Redis on another continent, with TLS, takes this long to connect; an address that swallows packets takes for ever. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * A client that fails fast and comes back by itself: it connects at once, and again whenever it has to.
 *
 * Whoever calls it listens to its errors; those are why it is away.
 */
export const openClient = (url: string, commandTimeoutMs: number): Redis =>
  new Redis(url, {
    retryStrategy: (attempt) => Math.min(25 * 2 ** attempt, MAX_PAUSE_MS),
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Commands fail with their connection: a hit that is sent again may be counted twice, and nobody waits for it any more.
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    // A Redis that hangs keeps its connections, and each of them all the commands it was sent. Later than the commands time
    // out, so that one that is only slow is not left.
    socketTimeout: 2 * commandTimeoutMs,
    // After a failover the old address may lead to a replica.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  });
