import { median } from './statistics.js';

/** Two values that were measured one right after the other. */
export type Pair = readonly [a: number, b: number];

/** How two samples differ, without a word about how their values are distributed. */
export interface Comparison {
  /** The median of the differences within pairs, `a - b`. */
  readonly difference: number;
  /** Where it lies with 95 % confidence. */
  readonly interval: readonly [least: number, most: number];
  /** In how many of the pairs `a` was greater, as a share: 0.5 if they are the same. */
  readonly share: number;
  /** How probable differences that lean to one side so far would be by chance alone (Wilcoxon's signed ranks, two-sided). */
  readonly p: number;
}

const RESAMPLES = 10_000;

/**
 * Compares what was measured in pairs: the interval by the bootstrap (percentiles of the medians of resampled pairs, so that the
 * machine's speed, which drifts over minutes, cancels), the probability by the ranks of the differences.
 *
 * The same pairs always give the same figures.
 */
export function comparePairs(pairs: readonly Pair[]): Comparison {
  const differences = pairs.map(([a, b]) => a - b);
  const draw = generator(1);
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(differences.map(() => differences[Math.floor(draw() * differences.length)] ?? NaN)),
  ).sort((a, b) => a - b);
  const at = (q: number): number => medians[Math.round(q * (RESAMPLES - 1))] ?? NaN;
  return { difference: median(differences), interval: [at(0.025), at(0.975)], ...signedRanks(differences) };
}

/** Which way differences lean, by their ranks. Those of 0 lean to neither side. */
function signedRanks(differences: readonly number[]): Pick<Comparison, 'share' | 'p'> {
  const sorted = differences.filter((it) => it !== 0).sort((a, b) => Math.abs(a) - Math.abs(b));
  const count = sorted.length;
  let positive = 0;
  let ties = 0;
  for (let start = 0; start < count;) {
    let end = start;
    while (end < count && Math.abs(sorted[end] ?? 0) === Math.abs(sorted[start] ?? 0)) end += 1;
    const equal = sorted.slice(start, end);
    ties += equal.length ** 3 - equal.length;
    positive += equal.filter((it) => it > 0).length * ((start + 1 + end) / 2);
    start = end;
  }
  const wins = sorted.filter((it) => it > 0).length + (differences.length - count) / 2;
  const expected = (count * (count + 1)) / 4;
  const variance = (count * (count + 1) * (2 * count + 1)) / 24 - ties / 48;
  const z = variance === 0 ? 0 : Math.max(0, Math.abs(positive - expected) - 0.5) / Math.sqrt(variance);
  return { share: wins / differences.length, p: Math.min(1, 2 * (1 - normalBelow(z))) };
}

/** The share of a normal distribution below `z`, by the approximation 26.2.17 of Abramowitz and Stegun: off by 7.5e-8 at most. */
function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const terms = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];
  const sum = terms.reduceRight((rest, term) => t * (term + rest), 0);
  return 1 - (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}

/** Numbers from 0 to 1 that look random and are always the same (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
