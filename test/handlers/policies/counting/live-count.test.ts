import fc from 'fast-check';
import type { Subscription } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { LiveCount } from '../../../../src/handlers/policies/counting/live-count.js';
import type { LeaseRevocation, LeaseSignal } from '../../../../src/streams/lease.js';
import { marbles } from '../../../support/marbles.js';

const over: LeaseRevocation = { type: 'revoke', reason: 'there are too many', by: 'limit' };
const [ann, bob, eve] = [{ name: 'ann' }, { name: 'bob' }, { name: 'eve' }];

describe('LiveCount', () => {
  it(
    'gives a place for as long as its lease is subscribed, and revokes a lease that finds none',
    marbles(({ expectObservable }) => {
      const live = new LiveCount<string>(1);
      const first = '   ^----!';
      const tooEarly = '--^';
      const after = '   -----^-!';

      expectObservable(live.place('k', ann, over), first).toBe('------');
      expectObservable(live.place('k', bob, over), tooEarly).toBe('--(x|)', { x: over });
      expectObservable(live.place('k', eve, over), after).toBe('--------');
    }),
  );

  it('counts keys apart', () => {
    const live = new LiveCount<string>(1);
    live.place('k', ann, over).subscribe();

    expect([live.isFull('k', bob), live.isFull('l', bob)]).toEqual([true, false]);
    expect([live.of('k'), live.of('l'), live.size]).toEqual([1, 0, 1]);
  });

  it('gives a holder with two leases one place, until both have ended', () => {
    const live = new LiveCount<string>(1);
    const [first, second] = [live.place('k', ann, over).subscribe(), live.place('k', ann, over).subscribe()];

    expect([live.of('k'), live.isFull('k', ann), live.isFull('k', bob)]).toEqual([1, false, true]);
    first.unsubscribe();
    expect([live.of('k'), live.isFull('k', bob)]).toEqual([1, true]);
    second.unsubscribe();
    expect([live.of('k'), live.isFull('k', bob), live.size]).toEqual([0, false, 0]);
  });

  it('does not count a lease that is never subscribed, nor one that it revoked', () => {
    const live = new LiveCount<string>(1);
    const place = live.place('k', ann, over);
    live.place('l', ann, over);
    expect(live.size).toBe(0);

    const first = place.subscribe();
    const revoked = live.place('k', bob, over).subscribe();
    expect([live.of('k'), revoked.closed]).toEqual([1, true]);
    revoked.unsubscribe();
    expect(live.of('k')).toBe(1);
    first.unsubscribe();
    first.unsubscribe();
    expect(live.size).toBe(0);
  });

  it('counts again when one lease is subscribed again', () => {
    const live = new LiveCount<string>(1);
    const place = live.place('k', ann, over);
    place.subscribe().unsubscribe();
    place.subscribe();

    expect(live.of('k')).toBe(1);
  });

  it('never has more alive than the limit, agrees with a plain list, and remembers nothing when all has ended', () => {
    const step = fc.record({
      key: fc.constantFrom('k', 'l', 'm'),
      holder: fc.nat({ max: 6 }),
      begins: fc.boolean(),
      which: fc.nat(),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 80 }), (limit, steps) => {
        const live = new LiveCount<string>(limit);
        const holders = Array.from({ length: 7 }, (_, index) => ({ index }));
        let alive: { key: string; holder: object; lease: Subscription }[] = [];
        const holdersOf = (key: string): Set<object> =>
          new Set(alive.filter((it) => it.key === key).map((it) => it.holder));

        for (const { key, holder: index, begins, which } of steps) {
          if (begins) {
            const holder = holders[index] ?? {};
            const expectFull = holdersOf(key).size >= limit && !holdersOf(key).has(holder);
            expect(live.isFull(key, holder)).toBe(expectFull);

            const signals: LeaseSignal[] = [];
            const lease = live.place(key, holder, over).subscribe((signal) => signals.push(signal));
            expect(signals).toEqual(expectFull ? [over] : []);
            if (!expectFull) alive.push({ key, holder, lease });
          } else {
            const ending = alive[which % Math.max(1, alive.length)];
            ending?.lease.unsubscribe();
            alive = alive.filter((it) => it !== ending);
          }
          for (const each of ['k', 'l', 'm']) {
            expect(live.of(each)).toBe(holdersOf(each).size);
            expect(live.of(each)).toBeLessThanOrEqual(limit);
          }
          expect(live.size).toBe(new Set(alive.map((it) => it.key)).size);
        }

        for (const { lease } of alive) lease.unsubscribe();
        expect(live.size).toBe(0);
      }),
    );
  });

  it('remembers no key of 100,000 that came and went', () => {
    const live = new LiveCount<string>(1);
    for (let key = 0; key < 100_000; key += 1) live.place(String(key), ann, over).subscribe().unsubscribe();

    expect(live.size).toBe(0);
  });
});
