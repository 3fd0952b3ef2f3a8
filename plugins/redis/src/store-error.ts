/** Stable codes of {@link RedisStoreError}. */
export type RedisStoreErrorCode =
  /** There is no connection to Redis, or it broke before Redis answered. The `cause` says why, if that is known. */
  | 'ERR_REDIS_AWAY'
  /** Redis did not answer in time. What was asked for may still have happened. */
  | 'ERR_REDIS_TIMEOUT'
  /** Too many commands wait for Redis already. */
  | 'ERR_REDIS_BUSY'
  /** The store was closed. */
  | 'ERR_REDIS_CLOSED';

/**
 * Why a counter could not be asked. What Redis itself refuses, such as writing without memory, comes as the error of the
 * client.
 */
export class RedisStoreError extends Error {
  override readonly name = 'RedisStoreError';
  /** What went wrong, stable across versions. */
  readonly code: RedisStoreErrorCode;

  constructor(code: RedisStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
