/** The value below or at which a share of `q` (0 to 1) of the values lies: nearest rank. NaN without values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? NaN;
}

/** The middle value, or the mean of the two in the middle. NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? NaN;
  return (lower + upper) / 2;
}

/** The rounds of one server and metric; `undefined` where a run failed. */
export type Rounds = readonly (number | undefined)[];

/** The values of the rounds that succeeded. */
export function present(rounds: Rounds): number[] {
  return rounds.filter((value) => value !== undefined);
}

/**
 * `a` divided by `b`, round by round, for the rounds in which both have a value.
 *
 * The machine's speed swings in phases longer than a round: dividing first cancels them, dividing medians would not.
 */
export function pairedRatios(a: Rounds, b: Rounds): number[] {
  return a.flatMap((value, round) => {
    const anchor = b[round];
    return value === undefined || anchor === undefined || anchor <= 0 ? [] : [value / anchor];
  });
}
