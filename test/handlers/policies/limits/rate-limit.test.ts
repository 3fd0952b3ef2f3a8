import fc from 'fast-check';
import { asyncScheduler, EMPTY, map, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { rateLimit, type RateLimitOptions } from '../../../../src/handlers/policies/limits/rate-limit.js';
import type { Clock } from '../../../../src/streams/clock.js';
import type { CounterStore } from '../../../../src/streams/counter-store.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import { MemoryCounterStore } from '../../../../src/streams/memory-counter-store.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { PolicyStage } from '../../../../src/streams/policy-stage.js';
import type { PolicyContext } from '../../../../src/streams/policy-context.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { marbles } from '../../../support/marbles.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { knock } from '../requests.js';
import { answersTo, decisionOn, denied, deniedBy, granted } from '../verdicts.js';

const ann = knock('192.0.2.1');
const bob = knock('192.0.2.2');
const addressOf = (request: ConnectionRequest): string => request.connection.remoteAddress;

const twoPerTen = (options: Partial<RateLimitOptions<ConnectionRequest>> = {}): Policy<ConnectionRequest> =>
  rateLimit({ limit: 2, windowMs: 10, keyOf: addressOf, ...options });

const values = {
  a: consider<ConnectionRequest>(ann),
  b: consider<ConnectionRequest>(bob),
  g: granted<ConnectionRequest>(ann),
  d: denied<ConnectionRequest>(ann),
  A: deniedBy<ConnectionRequest>('rateLimit', ann, DenyReason.RateLimited),
  X: deniedBy<ConnectionRequest>('rateLimit', ann, DenyReason.PolicyFailed, 'broken'),
};

/** A clock that somebody else moves. */
const clockAt = (now: () => number): Clock => ({ scheduler: asyncScheduler, now });

/** A store that answers every hit with `answer`, and is asked nothing else. */
const storeOf = (hit: CounterStore['hit']): CounterStore => {
  const unasked = (): never => {
    throw new Error('rateLimit asks for hits only');
  };
  return { hit, extend: unasked, clear: unasked };
};

describe('rateLimit', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({ name: 'rateLimit', make: (options) => twoPerTen(options), decides: ann });

  it(
    'denies the third request inside the window',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a-a-a---|', values);
      const expected = '    -a-a-A---|';
      const subs = '        ^--------!';

      expectObservable(source.pipe(twoPerTen())).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it(
    'denies in the last millisecond of the window and lets through in the next',
    marbles(({ hot, expectObservable }) => {
      const source = hot('  a-a 6ms aa|', values);
      const expected = '    a-a 6ms Aa|';

      expectObservable(source.pipe(twoPerTen())).toBe(expected, values);
    }),
  );

  it(
    'charges keys apart',
    marbles(({ hot, expectObservable }) => {
      const source = hot('  (aab)-a-b|', values);
      const expected = '    (aab)-A-b|';

      expectObservable(source.pipe(twoPerTen())).toBe(expected, values);
    }),
  );

  it(
    'does not charge requests that it denies',
    marbles(({ hot, expectObservable }) => {
      const source = hot('  aaaaaaaaaaaa|', values);
      const expected = '    aaAAAAAAAAaa|';

      expectObservable(source.pipe(twoPerTen())).toBe(expected, values);
    }),
  );

  it(
    'does not charge requests that were denied before, but those that were granted',
    marbles(({ hot, expectObservable }) => {
      const source = hot('  dddgga|', values);
      const expected = '    dddggA|';

      expectObservable(source.pipe(twoPerTen())).toBe(expected, values);
    }),
  );

  it(
    'counts on across subscriptions, since the counts belong to the policy',
    marbles(({ hot, expectObservable }) => {
      const policy = twoPerTen();
      const first = hot('   aa#', values);
      const second = hot('  ---a-|', values);
      const expected = '    ---A-|';

      expectObservable(first.pipe(policy)).toBe('aa#', values);
      expectObservable(second.pipe(policy)).toBe(expected, values);
    }),
  );

  it(
    'counts apart from another policy with the same options',
    marbles(({ hot, expectObservable }) => {
      const source = hot('  aa-a|', values);
      const expected = '    aa-A|';

      expectObservable(source.pipe(twoPerTen())).toBe(expected, values);
      expectObservable(source.pipe(twoPerTen())).toBe(expected, values);
    }),
  );

  it(
    'reads the time from the clock it was given',
    marbles(({ hot, expectObservable }) => {
      const source = hot('  a-a 20ms a|', values);
      const expected = '    a-a 20ms A|';
      const stopped = clockAt(() => 0);

      expectObservable(source.pipe(twoPerTen({ clock: stopped }))).toBe(expected, values);
    }),
  );

  it('goes by the clock of the server that asks unless it has one of its own', () => {
    const stopped = policyContext({ clock: clockAt(() => 0) });
    const moved = policyContext({ clock: clockAt(() => 10) });
    const ask = (policy: Policy<ConnectionRequest>, context: PolicyContext) =>
      answersTo(policy, consider<ConnectionRequest>(ann, context)).map(({ state }) => state)[0];
    const server = twoPerTen();
    const own = twoPerTen({ clock: clockAt(() => 0) });

    expect([stopped, stopped, stopped, moved].map((it) => ask(server, it))).toEqual(['open', 'open', 'denied', 'open']);
    expect([stopped, stopped, stopped, moved].map((it) => ask(own, it))).toEqual(['open', 'open', 'denied', 'denied']);
  });

  it('neither charges nor denies requests that are asked again since policies were replaced', () => {
    const policy = twoPerTen({ clock: clockAt(() => 0) });
    const again = { ...values.g, context: policyContext({ reevaluation: true }) };

    expect(answersTo(policy, again, again, again, values.a, values.a, again)).toEqual([
      again,
      again,
      again,
      values.a,
      values.a,
      again,
    ]);
  });

  it('forgets the key charged least recently once there are too many', () => {
    const policy = rateLimit({ limit: 1, windowMs: 60_000, keyOf: addressOf, maxKeys: 1 });

    expect(answersTo(policy, values.a, values.a, values.b, values.a).map((verdict) => verdict.state)).toEqual([
      'open',
      'denied',
      'open',
      'open',
    ]);
  });

  it('does not lose its counts when a policy further down the same chain fails', () => {
    let broken = true;
    const limit = twoPerTen({ clock: clockAt(() => 0) });
    const stage = new PolicyStage<ConnectionRequest>(
      {
        source: 'Desk.knock',
        phase: 'limit',
        policy: (verdict$) =>
          limit(verdict$).pipe(
            map((verdict) => {
              if (broken) throw new Error('broken');
              return verdict;
            }),
          ),
      },
      () => undefined,
    );
    const reasons: unknown[] = [];
    const ask = (): void => {
      stage.ask(consider<ConnectionRequest>(knock('192.0.2.1')), (verdict) =>
        reasons.push(verdict.state === 'denied' ? verdict.reason : verdict.state),
      );
    };
    ask();
    broken = false;
    ask();
    ask();

    expect(reasons).toEqual([DenyReason.PolicyFailed, 'open', DenyReason.RateLimited]);
  });

  it('never lets more than the limit pass in any window', () => {
    const knocks = fc.array(fc.record({ pause: fc.nat({ max: 8 }), from: fc.constantFrom('192.0.2.1', '192.0.2.2') }), {
      maxLength: 150,
    });
    fc.assert(
      fc.property(
        knocks,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 20 }),
        (sequence, limit, windowMs) => {
          let now = 0;
          const policy = rateLimit({ limit, windowMs, keyOf: addressOf, clock: clockAt(() => now) });
          const passed = new Map<string, number[]>();
          for (const { pause, from } of sequence) {
            now += pause;
            if (decisionOn(policy, knock(from)).state === 'denied') continue;
            passed.set(from, [...(passed.get(from) ?? []), now]);
          }

          for (const times of passed.values()) {
            for (const start of times) {
              expect(times.filter((at) => at >= start && at < start + windowMs).length).toBeLessThanOrEqual(limit);
            }
          }
        },
      ),
    );
  });

  it('stays within its bounds when an attacker brings 100,000 keys', () => {
    const store = new MemoryCounterStore({ maxKeys: 1_000 });
    let key = 0;
    const policy = rateLimit<ConnectionRequest>({ limit: 1, windowMs: 60_000, keyOf: () => String(key++), store });
    const source = new Subject<Verdict<ConnectionRequest>>();
    let open = 0;
    source.pipe(policy).subscribe((verdict) => {
      if (verdict.state === 'open') open += 1;
    });
    for (let count = 0; count < 100_000; count += 1) source.next(values.a);

    expect(open).toBe(100_000);
    expect(store.size).toBe(1_000);
  });

  it('denies what keyOf throws on, with the cause, even if store failures are let pass', () => {
    const cause = new Error('no address');
    const policy = twoPerTen({
      onStoreFailure: 'allow',
      keyOf: () => {
        throw cause;
      },
    });

    expect(decisionOn(policy, ann)).toEqual(deniedBy('rateLimit', ann, DenyReason.PolicyFailed, cause));
  });

  describe('with a store', () => {
    it(
      'waits for a store that answers later, and lets the next request be asked for meanwhile',
      marbles(({ cold, hot, expectObservable }) => {
        const results = { y: { allowed: true, count: 1 }, n: { allowed: false, count: 2 } };
        const source = hot('  ab------|', values);
        const slow = cold('   ---(n|)', results);
        const fast = cold('    -(y|)', results);
        const expected = '    --bA----|';
        const store = storeOf((key) => (key.endsWith('192.0.2.1') ? slow : fast));

        expectObservable(source.pipe(twoPerTen({ store }))).toBe(expected, values);
      }),
    );

    it('takes the answer of a promise', async () => {
      const store = storeOf(() => Promise.resolve({ allowed: false, count: 2 }));
      const verdict = await new Promise((resolve) => {
        of(values.a).pipe(twoPerTen({ store })).subscribe(resolve);
      });

      expect(verdict).toEqual(values.A);
    });

    it('hands over the window and the time, under a key that no other window uses', () => {
      const hits: unknown[] = [];
      const store = storeOf((...hit) => {
        hits.push(hit);
        return { allowed: true, count: 1 };
      });
      decisionOn(twoPerTen({ store, clock: clockAt(() => 7), name: 'knocks' }), ann);

      expect(hits).toEqual([['knocks/2/10/192.0.2.1', { limit: 2, windowMs: 10, now: 7 }]]);
    });

    it('counts together with a policy of the same name, as two processes of one service must', () => {
      const store = new MemoryCounterStore();
      decisionOn(twoPerTen({ store }), ann);
      decisionOn(twoPerTen({ store }), ann);

      expect(decisionOn(twoPerTen({ store }), ann)).toEqual(values.A);
      expect(decisionOn(twoPerTen({ store, name: 'other' }), ann)).toEqual(values.a);
    });

    const failures: readonly (readonly [string, () => ReturnType<CounterStore['hit']>])[] = [
      [
        'throws',
        () => {
          throw new Error('broken');
        },
      ],
      ['completes without an answer', () => EMPTY],
      ['errors', () => throwError(() => new Error('broken'))],
      // JavaScript may answer with anything.
      ['answers nonsense', () => 'OK' as unknown as ReturnType<CounterStore['hit']>],
      ['does not count', () => ({ allowed: true }) as unknown as ReturnType<CounterStore['hit']>],
    ];

    it.each(failures)('denies with the failure if the store %s', (_what, answer) => {
      const verdict = decisionOn(twoPerTen({ store: storeOf(answer) }), ann);

      expect(verdict).toMatchObject({ state: 'denied', reason: DenyReason.PolicyFailed });
      expect(verdict).toHaveProperty('cause', expect.any(Error));
    });

    it.each(failures)('lets the request pass, if told so, when the store %s', (_what, answer) => {
      expect(decisionOn(twoPerTen({ store: storeOf(answer), onStoreFailure: 'allow' }), ann)).toEqual(values.a);
    });

    it.each(failures)('reports, if told to let pass, that the store %s', (_what, answer) => {
      const context = policyContext();
      const verdict = consider<ConnectionRequest>(ann, context);
      answersTo(twoPerTen({ store: storeOf(answer), onStoreFailure: 'allow', name: 'knocks' }), verdict);

      expect(context.reports).toEqual([
        { type: 'failure', request: ann, by: 'knocks', cause: expect.any(Error) as unknown },
      ]);
    });

    it.each([
      ['deny', deniedBy('rateLimit', ann, DenyReason.PolicyFailed, new Error('broken'))],
      ['allow', values.a],
    ] as const)('does as it was told when the store rejects: %s', async (onStoreFailure, expected) => {
      const store = storeOf(() => Promise.reject(new Error('broken')));
      const verdict = await new Promise((resolve) => {
        of(values.a).pipe(twoPerTen({ store, onStoreFailure })).subscribe(resolve);
      });

      expect(verdict).toEqual(expected);
    });
  });

  it.each([
    [{ limit: 0 }, 'limit must be an integer of at least 1, got 0'],
    [{ limit: 1.5 }, 'limit must be an integer of at least 1, got 1.5'],
    [{ limit: NaN }, 'limit must be an integer of at least 1, got NaN'],
    [{ limit: Infinity }, 'limit must be an integer of at least 1, got Infinity'],
    [{ windowMs: 0 }, 'windowMs must be a finite number of milliseconds above 0, got 0'],
    [{ windowMs: -1 }, 'windowMs must be a finite number of milliseconds above 0, got -1'],
    [{ windowMs: Infinity }, 'windowMs must be a finite number of milliseconds above 0, got Infinity'],
    [{ maxKeys: 0 }, 'maxKeys must be an integer of at least 1, got 0'],
    [
      { maxKeys: 5, store: new MemoryCounterStore() },
      'maxKeys must be left out with a store, which has a bound of its own, got 5',
    ],
  ])('refuses %o when it is made', (options, message) => {
    expect(() => twoPerTen(options)).toThrow(optionError(`rateLimit: ${message}`));
  });

  it('refuses, from JavaScript, what is no function, store or choice', () => {
    // @ts-expect-error keyOf is a function
    expect(() => twoPerTen({ keyOf: 'remoteAddress' })).toThrow(
      optionError("rateLimit: keyOf must be a function, got 'remoteAddress'"),
    );
    // @ts-expect-error a store has a method hit
    expect(() => twoPerTen({ store: {} })).toThrow(optionError('rateLimit: store must be a CounterStore, got {}'));
    // @ts-expect-error there are two choices
    expect(() => twoPerTen({ onStoreFailure: 'ignore' })).toThrow(
      optionError("rateLimit: onStoreFailure must be 'deny' or 'allow', got 'ignore'"),
    );
  });
});
