import { median, type Rounds, present } from './statistics.js';
import type { Target } from './table.js';

/** Three significant digits or so: as many as such a measurement can bear. */
function formatNumber(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0);
}

/** Median and range of the rounds. */
export function formatRounds(rounds: Rounds): string {
  const values = present(rounds);
  if (values.length === 0) return '-';
  if (values.length === 1) return formatNumber(median(values));
  return `${formatNumber(median(values))} (${formatNumber(Math.min(...values))}-${formatNumber(Math.max(...values))})`;
}

/** The median, with two decimals and a multiplication sign. */
export function formatRatio(ratios: readonly number[]): string {
  return ratios.length === 0 ? '-' : `${median(ratios).toFixed(2)}x`;
}

/** The least and the greatest, in the same form. */
export function formatRatioRange(ratios: readonly number[]): string {
  return ratios.length === 0 ? '-' : `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}x`;
}

export function formatTarget(target: Target): string {
  return 'atLeast' in target ? `>= ${target.atLeast.toFixed(2)}x` : `<= ${target.atMost.toFixed(2)}x`;
}

/** Judges the ratio as it is printed, so that no line says "1.00x, target 1.00x, fail". */
export function meets(ratio: number, target: Target): boolean {
  const printed = Number(ratio.toFixed(2));
  return 'atLeast' in target ? printed >= target.atLeast : printed <= target.atMost;
}
