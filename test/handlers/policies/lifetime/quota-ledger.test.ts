import { describe, expect, it } from 'vitest';

import { QuotaLedger } from '../../../../src/handlers/policies/lifetime/quota-ledger.js';
import { virtualTime } from '../virtual-time.js';

const limits = { bytes: 100, windowMs: 1000, warnAtPercent: 80 };

describe('QuotaLedger', () => {
  it('has one account for a key, however long, and another for every other', () => {
    const { clock } = virtualTime();
    const ledger = new QuotaLedger(limits, 10);
    const long = 'x'.repeat(100_000);
    const account = ledger.open(long, clock);

    expect(ledger.open(long, clock)).toBe(account);
    expect(ledger.find(long)).toBe(account);
    expect(ledger.open(`${long}y`, clock)).not.toBe(account);
    expect(ledger.size).toBe(2);
  });

  it('stays within its bounds when 100,000 keys come in one window, and in many', () => {
    const time = virtualTime();
    const ledger = new QuotaLedger(limits, 1000);
    const visit = (key: number): void => {
      ledger.open(String(key), time.clock)?.draw(0).subscribe().unsubscribe();
    };
    for (let key = 0; key < 100_000; key += 1) visit(key);
    expect(ledger.size).toBe(1000);
    expect(ledger.isFull(time.clock)).toBe(true);

    for (let key = 0; key < 100_000; key += 1) {
      time.advance(10);
      visit(key);
      if (ledger.size > 1000) break;
    }
    expect(ledger.size).toBeLessThanOrEqual(201);
  });

  it('does not forget an account that somebody draws on, however many windows go by', () => {
    const time = virtualTime();
    const ledger = new QuotaLedger(limits, 1);
    const drawing = ledger.open('ann', time.clock)?.draw(0).subscribe();
    for (let window = 0; window < 5; window += 1) {
      time.advance(1000);
      expect(ledger.open('bob', time.clock)).toBeUndefined();
    }
    drawing?.unsubscribe();
    time.advance(2000);

    expect(ledger.open('bob', time.clock)).toBeDefined();
    expect(ledger.find('ann')).toBeUndefined();
  });
});
