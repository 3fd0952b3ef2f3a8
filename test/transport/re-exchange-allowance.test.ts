import fc from 'fast-check';
import { expect, it } from 'vitest';

import { ReExchangeAllowance } from '../../src/transport/re-exchange-allowance.js';

const KIB = 1024;

/** How many are granted in a row at one moment. */
function grantedAtOnce(allowance: ReExchangeAllowance, now: number): number {
  let granted = 0;
  while (allowance.take(now, 0)) granted += 1;
  return granted;
}

it('ten are granted at once, and one for each ten seconds that went by, at most ten', () => {
  const allowance = new ReExchangeAllowance(0);

  expect(grantedAtOnce(allowance, 0)).toBe(10);
  expect(grantedAtOnce(allowance, 9999)).toBe(0);
  expect(grantedAtOnce(allowance, 10_000)).toBe(1);
  expect(grantedAtOnce(allowance, 60_000)).toBe(5);
  expect(grantedAtOnce(allowance, 86_400_000)).toBe(10);
});

it('one is granted for each 256 KiB', () => {
  const allowance = new ReExchangeAllowance(0);
  grantedAtOnce(allowance, 0);

  expect(allowance.take(0, 255 * KIB)).toBe(false);
  expect(allowance.take(0, KIB)).toBe(true);
  for (let count = 0; count < 1000; count += 1) expect(allowance.take(0, 256 * KIB)).toBe(true);
  expect(allowance.take(0, 0)).toBe(false);
});

it('a clock that is set back costs nothing and earns nothing', () => {
  const allowance = new ReExchangeAllowance(50_000);
  grantedAtOnce(allowance, 50_000);

  expect(allowance.take(10_000, 0)).toBe(false);
  expect(allowance.take(19_999, 0)).toBe(false);
  expect(allowance.take(20_000, 0)).toBe(true);
});

it('no more are granted than time and traffic have earned, however they are asked for', () => {
  const ask = fc.record({ wait: fc.integer({ min: 0, max: 30_000 }), bytes: fc.integer({ min: 0, max: 2 ** 21 }) });
  fc.assert(
    fc.property(fc.array(ask, { maxLength: 200 }), (asks) => {
      const allowance = new ReExchangeAllowance(0);
      let now = 0;
      let bytes = 0;
      let granted = 0;
      for (const it of asks) {
        now += it.wait;
        bytes += it.bytes;
        if (allowance.take(now, it.bytes)) granted += 1;
      }
      expect(granted).toBeLessThanOrEqual(10 + now / 10_000 + bytes / (256 * KIB) + 1e-6);
    }),
  );
});
