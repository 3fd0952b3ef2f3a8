import { quantile } from '../report/statistics.js';
import type { LoadResult } from './load-job.js';

/**
 * Calls `operation` `count` times, `concurrency` at any time, and times each call.
 *
 * @throws what `operation` throws, once the calls under way have ended: a run with a failure is no result.
 */
export async function summarize(
  count: number,
  concurrency: number,
  operation: () => Promise<void>,
): Promise<LoadResult> {
  const tookMs: number[] = [];
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const startedAt = performance.now();
      await operation();
      tookMs.push(performance.now() - startedAt);
    }
  };
  const startedAt = performance.now();
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(concurrency, count) }, lane));
  const seconds = (performance.now() - startedAt) / 1_000;
  for (const outcome of lanes) if (outcome.status === 'rejected') throw outcome.reason;
  return { seconds, p50Ms: quantile(tookMs, 0.5), p99Ms: quantile(tookMs, 0.99) };
}
