import { describe, expect, it } from 'vitest';

import { readOptions } from '../src/store-options.js';

const url = 'redis://127.0.0.1';

describe('options of the store', () => {
  it.each([url, 'rediss://user:secret@redis.example.com:6380/1', '/run/redis/redis.sock'])('take the URL %s', (it) => {
    expect(readOptions({ url: it })).toMatchObject({ redis: it, clock: 'redis', commandTimeoutMs: 500 });
  });

  it.each<[unknown, string]>([
    [{}, 'give either url or client'],
    [{ url, client: {} }, 'give either url or client'],
    [{ url: 'localhost:6379' }, 'url must begin with redis://, rediss:// or the / of a path'],
    [{ url: 'http://127.0.0.1' }, 'url must begin with redis://, rediss:// or the / of a path'],
    [{ client: {} }, 'client must be one of ioredis'],
    [{ url, keyPrefix: 7 }, 'keyPrefix must be text, got 7'],
    [{ url, commandTimeoutMs: 0 }, 'commandTimeoutMs must be a number above 0 and below 2^30, got 0'],
    [{ url, commandTimeoutMs: NaN }, 'commandTimeoutMs must be a number above 0 and below 2^30, got NaN'],
    [{ url, commandTimeoutMs: Infinity }, 'commandTimeoutMs must be a number above 0 and below 2^30, got Infinity'],
    [{ url, maxPending: 0 }, 'maxPending must be an integer of at least 1, got 0'],
    [{ url, maxPending: 1.5 }, 'maxPending must be an integer of at least 1, got 1.5'],
    [{ url, clock: 'system' }, "clock must be 'redis' or 'caller', got 'system'"],
  ])('%o are refused', (options, message) => {
    // What JavaScript lets through.
    expect(() => readOptions(options as Parameters<typeof readOptions>[0])).toThrow(
      expect.objectContaining({ code: 'ERR_SSH_OPTION', message: `redisCounterStore: ${message}` }),
    );
  });

  it('never show the password of a URL', () => {
    expect(() => readOptions({ url: 'redis:secret@127.0.0.1' })).toThrow(
      expect.not.stringContaining('secret') as string,
    );
  });
});
