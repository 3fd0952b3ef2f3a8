import type { RedisClient } from './store-options.js';

/**
 * Scripts begin with the time: the caller's if it was handed over, else that of Redis, in milliseconds.
 *
 * Numbers become text in all their digits: Lua would round a time to 14 of them.
 */
const NOW = `
local function exact(number) return string.format('%.17g', number) end
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local slack = tonumber(ARGV[2])
`;

/**
 * KEYS: the hits. ARGV: time, slack, limit, window, name of this hit. Returns whether it is allowed, and how many there are.
 *
 * The log decides, and the key only has to outlive it.
 */
const HIT = `${NOW}
local limit, window = tonumber(ARGV[3]), tonumber(ARGV[4])
-- A clock that was set back leaves hits in the future, which would stay charged until it has caught up.
for _, hit in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. exact(now), '+inf')) do
  redis.call('ZADD', KEYS[1], exact(now), hit)
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', exact(now - window))
local count = redis.call('ZCARD', KEYS[1])
if count >= limit then return { 0, count } end
redis.call('ZADD', KEYS[1], exact(now), ARGV[5])
redis.call('PEXPIRE', KEYS[1], exact(math.ceil(window) + slack))
return { 1, count + 1 }
`;

/** KEYS: the deadline. ARGV: time, slack, what to add, the most that may be left. Returns what is left, as text. */
const EXTEND = `${NOW}
local add, most = tonumber(ARGV[3]), tonumber(ARGV[4])
local before = math.max(tonumber(redis.call('GET', KEYS[1]) or 0) - now, 0)
local left = math.min(before + add, most)
if left <= 0 then
  redis.call('DEL', KEYS[1])
elseif left ~= before then
  redis.call('SET', KEYS[1], exact(now + left), 'PX', exact(math.ceil(left) + slack))
end
return exact(left)
`;

/** The scripts as commands of a client. Replies are whatever Redis, or something that poses as one, has sent. */
export interface CounterScripts {
  rxsshdHit(hits: string, now: string, slackMs: number, limit: number, windowMs: number, hit: string): Promise<unknown>;
  rxsshdExtend(deadline: string, now: string, slackMs: number, addMs: number, maxMs: number): Promise<unknown>;
}

/** Defines the scripts on a client. It sends them once to each connection, and only their digests from then on. */
export function counterScripts(client: RedisClient): CounterScripts {
  client.defineCommand('rxsshdHit', { numberOfKeys: 1, lua: HIT });
  client.defineCommand('rxsshdExtend', { numberOfKeys: 1, lua: EXTEND });
  // What was just defined.
  return client as unknown as CounterScripts;
}
