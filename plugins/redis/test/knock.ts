import { of } from 'rxjs';
import {
  consider,
  type ConnectionRequest,
  type CounterStore,
  rateLimit,
  type RateLimitOptions,
  type Verdict,
} from 'rxsshd';
import { connectionRequest } from 'rxsshd/testing';

/** Connections that a rate limit in `store` is asked for: ten in an hour, of one address. */
export const LIMIT = 10;

type Choices = Partial<RateLimitOptions<ConnectionRequest>>;

/** Puts one connection to a rate limit that keeps its counts in `store`. */
export function knock(store: CounterStore, choices: Choices = {}): Promise<Verdict<ConnectionRequest>> {
  const policy = rateLimit<ConnectionRequest>({
    limit: LIMIT,
    windowMs: 3_600_000,
    keyOf: ({ connection }) => connection.remoteAddress,
    store,
    ...choices,
  });
  return new Promise((resolve, reject) => {
    policy(of(consider(connectionRequest()))).subscribe({ next: resolve, error: reject });
  });
}

/** Puts `times` connections to it, all at once, and counts those that it lets pass. */
export async function knockAtOnce(store: CounterStore, times: number): Promise<number> {
  const verdicts = await Promise.all(Array.from({ length: times }, () => knock(store)));
  return verdicts.filter(({ state }) => state === 'open').length;
}
