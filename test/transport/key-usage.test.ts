import { describe, expect, it } from 'vitest';

import { KeyUsage } from '../../src/transport/key-usage.js';

const LIMITS = { bytes: 1000, ms: 1, packets: 100 };

function usageFrom(bytesIn: number, bytesOut: number, sequenceIn: number, sequenceOut: number): KeyUsage {
  const usage = new KeyUsage(LIMITS);
  usage.begin({ bytesIn, bytesOut, sequenceIn, sequenceOut });
  return usage;
}

describe('keys are used up', () => {
  it.each([
    ['bytes received', [1000, 0, 0, 0]],
    ['bytes sent', [0, 1000, 0, 0]],
    ['packets received', [0, 0, 100, 0]],
    ['packets sent', [0, 0, 0, 100]],
  ] as const)('by %s, counted from when they were made, and not one earlier', (_what, [a, b, c, d]) => {
    const usage = usageFrom(5000, 7000, 30, 40);
    const almost = (limit: number): number => Math.max(0, limit - 1);

    expect(usage.isUsedUp(5000 + almost(a), 7000 + almost(b), 30 + almost(c), 40 + almost(d))).toBe(false);
    expect(usage.isUsedUp(5000 + a, 7000 + b, 30 + c, 40 + d)).toBe(true);
  });

  it('by neither direction as long as only both together reach the limit', () => {
    expect(usageFrom(0, 0, 0, 0).isUsedUp(999, 999, 99, 99)).toBe(false);
  });

  it('by packets whose numbers begin anew at 2^32', () => {
    const usage = usageFrom(0, 0, 2 ** 32 - 50, 2 ** 32 - 1);

    expect(usage.isUsedUp(0, 0, 49, 0)).toBe(false);
    expect(usage.isUsedUp(0, 0, 50, 0)).toBe(true);
    expect(usage.isUsedUp(0, 0, 2 ** 32 - 1, 99)).toBe(true);
  });
});

it('bytes of both directions count together for those who ask for new keys', () => {
  expect(usageFrom(10, 20, 0, 0).bytes(15, 27)).toBe(12);
});
