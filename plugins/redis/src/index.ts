/**
 * Counters in Redis for rxsshd: rate limits and bans that several servers enforce together.
 *
 * @packageDocumentation
 */

export { redisCounterStore } from './redis-counter-store.js';
export type { RedisCounterStore } from './redis-counter-store.js';
export { redisPlugin } from './redis-plugin.js';
export { RedisStoreError } from './store-error.js';
export type { RedisStoreErrorCode } from './store-error.js';
export type { RedisClient, RedisCounterStoreOptions, RedisStoreSettings } from './store-options.js';
