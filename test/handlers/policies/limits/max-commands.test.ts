import { asyncScheduler, EMPTY, NEVER, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { maxCommands, type MaxCommandsPerUser } from '../../../../src/handlers/policies/limits/max-commands.js';
import { type Clock, clockOf } from '../../../../src/streams/clock.js';
import type { CounterStore } from '../../../../src/streams/counter-store.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHChannelRequest } from '../../../../src/streams/events/ssh-channel-request.js';
import { MemoryCounterStore } from '../../../../src/streams/memory-counter-store.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { channelRequest } from '../../../../src/testing/channel-request.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { marbles } from '../../../support/marbles.js';
import { beginGrant } from '../begin-grant.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { channelRequest as ofOneConnection, exec } from '../requests.js';
import { answersTo, decisionOn, denied, deniedBy, granted, grantedBy } from '../verdicts.js';

// All of one connection, and of ann.
const uptime = exec('uptime');
const shell = ofOneConnection({ type: 'shell' });
const sftp = ofOneConnection({ type: 'subsystem', subsystemName: 'sftp' });
const env = ofOneConnection({ type: 'env', variableName: 'LANG', variableValue: 'C' });
const bobs = channelRequest.exec('uptime', { user: 'bob' });

const started = (request: SSHChannelRequest) => ({ state: 'open', request, leases: [expect.anything()] });
const refused = (request: SSHChannelRequest, reason: DenyReason) => deniedBy('maxCommands', request, reason);
const asked: Verdict<SSHChannelRequest> = {
  ...grantedBy('earlier', uptime),
  context: policyContext({ reevaluation: true }),
};

const stoppedAt = (now: number): Clock => ({ scheduler: asyncScheduler, now: () => now });
const twoPerTen = (options: Partial<MaxCommandsPerUser> = {}): Policy<SSHChannelRequest> =>
  maxCommands(2, { per: 'user', windowMs: 10, ...options });

/** A store that answers every hit with `answer`. */
const storeOf = (hit: CounterStore['hit']): CounterStore => ({
  hit,
  extend: () => 0,
  clear: () => undefined,
});

describe('maxCommands per connection', () => {
  obeysTheLawsOfPolicies<SSHChannelRequest>({
    name: 'maxCommands',
    make: (options) => maxCommands(2, { per: 'connection', ...options }),
    decides: uptime,
    leases: 1,
  });

  it(
    'denies the program beyond the limit, of whatever kind, and grants nothing',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const values = { x: consider(uptime), s: consider(shell), f: consider(sftp), e: consider(env) };
      const source = hot('  -e-x-s-f-e-x-|', values);
      const expected = '    -e-x-s-f-e-X-|';
      const subs = '        ^------------!';

      expectObservable(source.pipe(maxCommands(3, { per: 'connection' }))).toBe(expected, {
        e: values.e,
        x: started(uptime),
        s: started(shell),
        f: started(sftp),
        X: refused(uptime, DenyReason.LimitReached),
      });
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('counts connections apart, also those of two servers with the same id', () => {
    const policy = maxCommands(1, { per: 'connection' });
    decisionOn(policy, uptime);

    expect(decisionOn(policy, shell).state).toBe('denied');
    expect(decisionOn(policy, channelRequest.exec('uptime')).state).toBe('open');
  });

  it('counts programs that were granted before, not those that were denied', () => {
    const policy = maxCommands(1, { per: 'connection' });

    expect(answersTo(policy, denied(uptime), granted(uptime), granted(uptime)).map(({ state }) => state)).toEqual([
      'denied',
      'granted',
      'denied',
    ]);
  });

  it('charges a verdict once that passes twice, by a lease that says nothing', () => {
    const policy = maxCommands(2, { per: 'connection' });
    const twice = (): Verdict<SSHChannelRequest> | undefined =>
      answersTo((verdict$) => verdict$.pipe(policy, policy), consider(uptime))[0];
    const [first, second, third] = [twice(), twice(), twice()];

    expect([first, second, third]).toEqual([
      started(uptime),
      started(uptime),
      refused(uptime, DenyReason.LimitReached),
    ]);
    expect(beginGrant(first ?? denied(uptime)).signals).toEqual([]);
  });

  it('does not charge a request that is asked again', () => {
    const policy = maxCommands(1, { per: 'connection' });

    expect(answersTo(policy, asked, asked)).toEqual([asked, asked]);
    expect(decisionOn(policy, uptime).state).toBe('open');
    expect(answersTo(policy, asked)).toEqual([asked]);
  });
});

describe('maxCommands per user', () => {
  obeysTheLawsOfPolicies<SSHChannelRequest>({
    name: 'maxCommands',
    make: (options) => twoPerTen(options),
    decides: uptime,
    leases: 1,
  });

  it(
    'denies the third program inside the window, of the user and no other',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  a-(ae)-ab-aa|', { a: consider(uptime), b: consider(bobs), e: consider(env) });
      const expected = '    a-(ae)-Ab-aA|';
      const subs = '        ^-----------!';

      expectObservable(source.pipe(twoPerTen())).toBe(expected, {
        a: started(uptime),
        A: refused(uptime, DenyReason.RateLimited),
        b: started(bobs),
        e: consider(env),
      });
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('counts the connections of a user together', () => {
    const policy = twoPerTen({ clock: stoppedAt(0) });
    const elsewhere = (connection: number) => channelRequest.shell({ user: 'ann', connection });

    expect([1, 2, 3].map((connection) => decisionOn(policy, elsewhere(connection)).state)).toEqual([
      'open',
      'open',
      'denied',
    ]);
  });

  it('goes by its own clock, else by that of the server that asks', () => {
    const times: number[] = [];
    const store = storeOf((_key, { now }) => {
      times.push(now);
      return { allowed: true, count: 1 };
    });
    const context = policyContext({ clock: stoppedAt(7) });
    answersTo(twoPerTen({ store }), consider(uptime, context));
    answersTo(twoPerTen({ store, clock: stoppedAt(9) }), consider(uptime, context));

    expect(times).toEqual([7, 9]);
  });

  it('charges a verdict once that passes twice, and none that is asked again', () => {
    const policy = twoPerTen({ clock: stoppedAt(0) });
    const twice = () => answersTo((verdict$) => verdict$.pipe(policy, policy), consider(uptime))[0]?.state;

    expect(answersTo(policy, asked, asked, asked)).toEqual([asked, asked, asked]);
    expect([twice(), twice(), twice()]).toEqual(['open', 'open', 'denied']);
  });

  it('forgets the user charged least recently once there are too many', () => {
    const policy = maxCommands(1, { per: 'user', windowMs: 10, maxKeys: 1, clock: stoppedAt(0) });

    expect([uptime, uptime, bobs, uptime].map((request) => decisionOn(policy, request).state)).toEqual([
      'open',
      'denied',
      'open',
      'open',
    ]);
  });

  it('hands over the window and the time, under a key that no other window uses', () => {
    const hits: unknown[] = [];
    const store = storeOf((...hit) => {
      hits.push(hit);
      return { allowed: true, count: 1 };
    });
    decisionOn(twoPerTen({ store, clock: stoppedAt(7), name: 'programs' }), uptime);

    expect(hits).toEqual([['programs/2/10/ann', { limit: 2, windowMs: 10, now: 7 }]]);
  });

  it('counts together with a policy of the same name in one store, as two processes of one service must', () => {
    const store = new MemoryCounterStore();
    const clock = stoppedAt(0);
    decisionOn(twoPerTen({ store, clock }), uptime);
    decisionOn(twoPerTen({ store, clock }), uptime);

    expect(decisionOn(twoPerTen({ store, clock }), uptime).state).toBe('denied');
    expect(decisionOn(twoPerTen({ store, clock, name: 'other' }), uptime).state).toBe('open');
  });

  it(
    'waits for a store that answers later, and lets other requests pass meanwhile',
    marbles(({ cold, hot, expectObservable }) => {
      const results = { y: { allowed: true, count: 1 }, n: { allowed: false, count: 2 } };
      const source = hot('  ab---e--|', { a: consider(uptime), b: consider(bobs), e: consider(env) });
      const slow = cold('   ---(n|)', results);
      const fast = cold('    -(y|)', results);
      const expected = '    --bA-e--|';
      const store = storeOf((key) => (key.endsWith('ann') ? slow : fast));

      expectObservable(source.pipe(twoPerTen({ store }))).toBe(expected, {
        A: refused(uptime, DenyReason.RateLimited),
        b: started(bobs),
        e: consider(env),
      });
    }),
  );

  it('takes the answer of a promise', async () => {
    const store = storeOf(() => Promise.resolve({ allowed: false, count: 2 }));
    const verdict = await new Promise((resolve) => {
      of(consider(uptime)).pipe(twoPerTen({ store })).subscribe(resolve);
    });

    expect(verdict).toEqual(refused(uptime, DenyReason.RateLimited));
  });

  const failures: readonly (readonly [string, CounterStore['hit']])[] = [
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
  ];

  it.each(failures)('denies with the failure if the store %s, and lives on', (_what, hit) => {
    let broken = true;
    const policy = twoPerTen({
      store: storeOf((...args) => (broken ? hit(...args) : { allowed: true, count: 1 })),
    });
    const verdict = decisionOn(policy, uptime);
    expect(verdict).toMatchObject({ state: 'denied', reason: DenyReason.PolicyFailed });
    expect(verdict).toHaveProperty('cause', expect.any(Error));

    broken = false;
    expect(decisionOn(policy, uptime).state).toBe('open');
  });

  it.each(failures)('lets the program start, if told so, when the store %s, and reports it', (_what, hit) => {
    const context = policyContext();
    const policy = twoPerTen({ store: storeOf(hit), onStoreFailure: 'allow' });

    expect(answersTo(policy, consider(uptime, context))).toEqual([{ ...started(uptime), context }]);
    expect(context.reports).toEqual([
      { type: 'failure', request: uptime, by: 'maxCommands', cause: expect.any(Error) as unknown },
    ]);
  });

  it('denies with the failure if the promise of the store is rejected', async () => {
    const cause = new Error('broken');
    const store = storeOf(() => Promise.reject(cause));
    const verdict = await new Promise((resolve) => {
      of(consider(uptime)).pipe(twoPerTen({ store })).subscribe(resolve);
    });

    expect(verdict).toEqual(deniedBy('maxCommands', uptime, DenyReason.PolicyFailed, cause));
  });

  it('holds up nobody else by a store that is silent', () => {
    const store = storeOf((key) => (key.endsWith('ann') ? NEVER : { allowed: true, count: 1 }));

    expect(answersTo(twoPerTen({ store }), consider(uptime), consider(bobs))).toEqual([started(bobs)]);
  });
});

describe('maxCommands', () => {
  it('refuses options out of range', () => {
    const clock = clockOf(asyncScheduler);

    expect(() => maxCommands(0, { per: 'connection' })).toThrow(
      optionError('maxCommands: limit must be an integer of at least 1, got 0'),
    );
    // @ts-expect-error one of two
    expect(() => maxCommands(1, { per: 'channel' })).toThrow(
      optionError("maxCommands: per must be 'connection' or 'user', got 'channel'"),
    );
    // @ts-expect-error a user has a window
    expect(() => maxCommands(1, { per: 'user', clock })).toThrow(
      optionError('maxCommands: windowMs must be a finite number of milliseconds above 0, got undefined'),
    );
    expect(() => twoPerTen({ windowMs: 0 })).toThrow(
      optionError('maxCommands: windowMs must be a finite number of milliseconds above 0, got 0'),
    );
    expect(() => twoPerTen({ maxKeys: 0 })).toThrow(
      optionError('maxCommands: maxKeys must be an integer of at least 1, got 0'),
    );
    expect(() => twoPerTen({ maxKeys: 5, store: new MemoryCounterStore() })).toThrow(
      optionError('maxCommands: maxKeys must be left out with a store, which has a bound of its own, got 5'),
    );
    // @ts-expect-error it is one of two
    expect(() => twoPerTen({ onStoreFailure: 'ignore' })).toThrow(
      optionError("maxCommands: onStoreFailure must be 'deny' or 'allow', got 'ignore'"),
    );
    // @ts-expect-error this is no store
    expect(() => twoPerTen({ store: {} })).toThrow(optionError('maxCommands: store must be a CounterStore, got {}'));
  });
});
