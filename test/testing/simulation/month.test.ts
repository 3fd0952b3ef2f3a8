import { beforeAll, describe, expect, it } from 'vitest';

import { BAN, type Month, simulatedMonth, sourceOf } from '../../../examples/testing/simulated-month.js';

const ATTACKERS = 500;
const HOUR = 3_600_000;
const MONTH_MS = 30 * 24 * HOUR;

/** How long the bans of one source are that begin and end within the month, in hours. */
const BANS = [4, 8, 16, 32, 64, 128, 256];

/** Long enough for a machine that does ten things at once: what a month costs is measured by `bench/simulated-month.ts`. */
const PATIENCE_MS = 240_000;

describe('a month in which 500 clients attack with escalating bans', () => {
  let month: Month;

  beforeAll(async () => {
    month = await simulatedMonth(ATTACKERS);
  }, PATIENCE_MS);

  const attacked = () => [...month.bySource].filter(([source]) => !isHonest(source)).map(([, it]) => it);
  const pausesOf = ({ admittedAt }: { readonly admittedAt: readonly number[] }): readonly number[] =>
    admittedAt.slice(1).map((at, index) => (at - (admittedAt[index] ?? NaN)) / HOUR);
  const isHonest = (source: string): boolean => source === month.ann.address || source === month.bob.address;

  it('comes from 400 single addresses, and from 25 networks that hold four each', () => {
    const networks = [...month.bySource.keys()].filter((source) => source.endsWith('/64'));

    expect(networks).toHaveLength(25);
    expect(attacked()).toHaveLength(425);
  });

  it('makes 93,400 connections, of which fewer than 7 in a hundred are let in', () => {
    const totals = attacked().reduce(
      (sum, { guesses, refused, admittedAt }) => ({
        guesses: sum.guesses + guesses,
        refused: sum.refused + refused,
        admitted: sum.admitted + admittedAt.length,
      }),
      { guesses: 0, refused: 0, admitted: 0 },
    );

    // Whoever is let in says all three of its passwords: a ban turns away connections, it cuts none off.
    expect(totals).toEqual({ guesses: 19_125, refused: 87_025, admitted: 6375 });
  });

  it('bans each source twice as long as before', () => {
    for (const [index, it] of attacked().entries()) {
      const found = pausesOf(it).filter((hours) => hours > 2);
      expect(found, String(index)).toHaveLength(BANS.length);
      for (const [ban, hours] of BANS.entries()) {
        expect(found[ban]).toBeGreaterThanOrEqual(hours);
        // An attempt every two hours, and then every four, finds that out within four.
        expect(found[ban]).toBeLessThan(hours + 4);
      }
    }
  });

  it('lets a source in at its first attempt after a ban', () => {
    const alone = month.bySource.get('10.1.7.1');

    // Two hours after the ban began, then every four: the last attempt comes two hours behind the end of the ban.
    expect(alone && pausesOf(alone).filter((hours) => hours > 2)).toEqual(BANS.map((hours) => hours + 2));
  });

  it('hears of each source as many guesses as the logarithm of the month allows', () => {
    const bans = Math.ceil(Math.log2(MONTH_MS / BAN.banMs + 1));

    for (const { guesses } of attacked()) {
      expect(guesses).toBeGreaterThanOrEqual(BAN.failures * (bans - 1));
      // At the end of a connection that brings the ban two more guesses may be under way.
      expect(guesses).toBeLessThanOrEqual((BAN.failures + 2) * bans);
    }
  });

  it('locks out nobody who works there, not even next door to attackers or with a typo a day', () => {
    for (const user of [month.ann, month.bob]) {
      const { refused } = month.bySource.get(user.address) ?? { refused: NaN };
      expect(refused).toBe(0);
      expect(user.outcomes.filter(({ outcome }) => outcome === 'granted')).toHaveLength(30);
      expect(user.outcomes.filter(({ outcome }) => outcome === 'opened')).toHaveLength(30);
    }
    const neighbours = [...month.bySource.keys()].filter((source) => source.startsWith('10.0.0.'));
    expect(neighbours.length).toBeGreaterThan(100);
  });

  it(
    'is the same on every run, decision by decision and millisecond by millisecond',
    async () => {
      const again = await simulatedMonth(ATTACKERS);
      const fewer = await simulatedMonth(5);

      expect(again.digest).toBe(month.digest);
      expect(again.bySource).toEqual(month.bySource);
      expect(fewer.digest).not.toBe(month.digest);
    },
    PATIENCE_MS,
  );

  it('counts sources as the policy does', () => {
    expect(sourceOf('2001:db8:0:1f::3')).toBe('2001:db8:0:1f::/64');
    expect(sourceOf('10.0.0.1')).toBe('10.0.0.1');
  });
});
