import { describe, expect, it } from 'vitest';

import { equivalence } from '../../bench/report/equivalence.js';
import { comparePairs, type Pair } from '../../bench/report/two-samples.js';

describe('what a comparison shows', () => {
  it.each([
    [[-0.5, 0.9], 'the same'],
    [[0.1, 0.9], 'the same'],
    [[-0.5, 1], 'undecided'],
    [[-12, 14], 'undecided'],
    [[0.5, 3], 'undecided'],
    [[-3, -0.5], 'undecided'],
    [[1, 3], 'differs'],
    [[-3, -1], 'differs'],
  ] as const)('with the interval %j and a margin of 1 is: %s', (interval, expected) => {
    expect(equivalence(interval, 1)).toBe(expected);
  });

  it('is nothing if noise drowns it', () => {
    const pairs = (noise: number): Pair[] =>
      Array.from({ length: 100 }, (_, index) => [100 + noise * ((index % 7) - 3), 100 + noise * ((index % 5) - 2)]);

    expect(equivalence(comparePairs(pairs(0.1)).interval, 1)).toBe('the same');
    expect(equivalence(comparePairs(pairs(30)).interval, 1)).toBe('undecided');
  });
});
