import fc from 'fast-check';
import { asyncScheduler, EMPTY, of, throwError, timer } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import { banAfter, type BanAfterOptions } from '../../../../src/handlers/policies/abuse/ban-after.js';
import type { Clock } from '../../../../src/streams/clock.js';
import type { CounterStore, HitResult } from '../../../../src/streams/counter-store.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { SshRequest } from '../../../../src/streams/events/ssh-request.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import { MemoryCounterStore } from '../../../../src/streams/memory-counter-store.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { consider } from '../../../../src/streams/verdict.js';
import { policyContext, type TestPolicyContext } from '../../../../src/testing/policy-context.js';
import { authRequest } from '../../../../src/testing/auth-request.js';
import { connectionRequest } from '../../../../src/testing/connection-request.js';
import { marbles } from '../../../support/marbles.js';
import { deniedEvent, grantedEvent } from '../decisions.js';
import { keyOf, lineOf } from '../keys.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { authRequests, knock } from '../requests.js';
import { answersTo, denied, deniedBy, granted } from '../verdicts.js';

const ANN = '192.0.2.1';
const BOB = '192.0.2.2';

/** Three failures in ten seconds; bans of 100, 200, 400, 500 seconds, forgotten after 1,000. */
const terms: BanAfterOptions = {
  failures: 3,
  windowMs: 10_000,
  banMs: 100_000,
  maxBanMs: 500_000,
  forgetMs: 1_000_000,
};

const guess = (from: string): SSHUserAuthRequest => authRequest.password('root', 'guess', { from });

/** A server in front of one policy, with a clock that is moved by hand. */
class Desk {
  now = 0;
  readonly clock: Clock = { scheduler: asyncScheduler, now: () => this.now };
  readonly context: TestPolicyContext = policyContext({ clock: this.clock });
  readonly #policy: Policy<SshRequest>;

  constructor(options: Partial<BanAfterOptions> = {}, policy: Policy<SshRequest> = banAfter({ ...terms, ...options })) {
    this.#policy = policy;
    this.asks(connectionRequest({ from: '203.0.113.99' }));
  }

  /** What becomes of `request`: `open`, or the reason of the denial. */
  asks(request: SshRequest, context = this.context): string | undefined {
    const [verdict] = answersTo(this.#policy, consider(request, context));
    return verdict?.state === 'denied' ? verdict.reason : verdict?.state;
  }

  knocks(from: string): string | undefined {
    return this.asks(connectionRequest({ from }));
  }

  /** Fails to sign in, so many times. */
  fails(from: string, times = 1): void {
    for (let left = times; left > 0; left -= 1) {
      this.context.emit(deniedEvent(guess(from), DenyReason.BadCredential));
    }
  }

  /** Milliseconds until `from` may connect again, looked at every `stepMs`. */
  banLeft(from: string, stepMs = 10_000): number {
    const start = this.now;
    while (this.knocks(from) === DenyReason.Banned) this.now += stepMs;
    const left = this.now - start;
    this.now = start;
    return left;
  }
}

describe('banAfter', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'banAfter',
    make: (options) => banAfter({ ...terms, ...options }),
    decides: knock(ANN),
  });

  it('bans a source at the failure that is one too many, and no other source', () => {
    const desk = new Desk();
    desk.fails(ANN, 2);
    expect(desk.knocks(ANN)).toBe('open');
    desk.fails(ANN);

    expect(desk.knocks(ANN)).toBe(DenyReason.Banned);
    expect(desk.asks(guess(ANN))).toBe(DenyReason.Banned);
    expect(desk.knocks(BOB)).toBe('open');
  });

  it('lifts the ban to the millisecond', () => {
    const desk = new Desk();
    desk.fails(ANN, 3);
    desk.now = 99_999;
    expect(desk.knocks(ANN)).toBe(DenyReason.Banned);
    desk.now = 100_000;

    expect(desk.knocks(ANN)).toBe('open');
  });

  it('counts failures in a sliding window', () => {
    const desk = new Desk();
    desk.fails(ANN, 2);
    desk.now = 10_000;
    desk.fails(ANN);
    expect(desk.knocks(ANN)).toBe('open');
    desk.fails(ANN, 2);

    expect(desk.knocks(ANN)).toBe(DenyReason.Banned);
  });

  it('makes each ban twice as long as the one before, up to the longest', () => {
    const desk = new Desk();
    const lengths = Array.from({ length: 6 }, () => {
      desk.fails(ANN, 3);
      const length = desk.banLeft(ANN);
      desk.now += length;
      return length;
    });

    expect(lengths).toEqual([100_000, 200_000, 400_000, 500_000, 500_000, 500_000]);
  });

  it('starts anew once a source has not been banned for long enough, counted from the end of the last ban', () => {
    const after = (pauseMs: number): number => {
      const desk = new Desk();
      desk.fails(ANN, 3);
      desk.now += 100_000;
      desk.fails(ANN, 3);
      desk.now += 200_000 + pauseMs;
      desk.fails(ANN, 3);
      return desk.banLeft(ANN);
    };

    expect(after(999_999)).toBe(400_000);
    expect(after(1_000_000)).toBe(100_000);
  });

  it('does not forget single bans while others follow', () => {
    const desk = new Desk();
    const lengths = Array.from({ length: 5 }, () => {
      desk.fails(ANN, 3);
      const length = desk.banLeft(ANN);
      desk.now += length + 900_000;
      return length;
    });

    expect(lengths).toEqual([100_000, 200_000, 400_000, 500_000, 500_000]);
  });

  it('does not prolong a ban by what connections fail that were there before', () => {
    const desk = new Desk();
    desk.fails(ANN, 3);
    desk.now = 50_000;
    desk.fails(ANN, 300);
    expect(desk.banLeft(ANN)).toBe(50_000);
    desk.now = 100_000;
    desk.fails(ANN, 3);

    expect(desk.banLeft(ANN)).toBe(200_000);
  });

  it('never bans longer than the longest, whatever the failures', () => {
    const failures = fc.array(fc.record({ pauseMs: fc.nat({ max: 400_000 }), times: fc.nat({ max: 7 }) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(failures, (sequence) => {
        const desk = new Desk();
        for (const { pauseMs, times } of sequence) {
          desk.now += pauseMs;
          desk.fails(ANN, times);
        }
        desk.now += 500_000;

        expect(desk.knocks(ANN)).toBe('open');
      }),
    );
  });

  it('takes an IPv4 address and an IPv6 /64 for one source unless told otherwise', () => {
    const desk = new Desk();
    desk.fails('2001:db8::1', 2);
    desk.fails('2001:db8::ffff', 1);
    desk.fails('::ffff:192.0.2.1', 3);
    const wide = new Desk({ ipv4Prefix: 24, ipv6Prefix: 48 });
    wide.fails(BOB, 3);
    wide.fails('2001:db8:0:1::1', 3);

    expect(desk.knocks('2001:db8::abcd')).toBe(DenyReason.Banned);
    expect(desk.knocks('2001:db8:0:1::1')).toBe('open');
    expect(desk.knocks(ANN)).toBe(DenyReason.Banned);
    expect(wide.knocks(ANN)).toBe(DenyReason.Banned);
    expect(wide.knocks('2001:db8::1')).toBe(DenyReason.Banned);
  });

  it('neither counts nor bans a peer without an address', () => {
    const desk = new Desk();
    desk.fails('', 30);

    expect(desk.knocks('')).toBe('open');
  });

  const key = lineOf(keyOf(1));
  const from = { from: ANN };
  it.each([
    ['a wrong password', guess(ANN), DenyReason.BadCredential, true],
    ['a password that nobody granted', guess(ANN), DenyReason.NoGrant, true],
    ['a user who may not sign in', guess(ANN), DenyReason.UserNotAllowed, true],
    ['a user whom nobody can be called', guess(ANN), DenyReason.IllegalName, true],
    ['a host that is not known', authRequest.provenHost('root', key, from), DenyReason.KeyNotAccepted, true],
    ['a wrong signature of a host', authRequest.refutedHost('root', key, from), DenyReason.BadSignature, true],
    ['wrong answers', authRequest.keyboardInteractiveAnswer('root', ['x'], from), DenyReason.BadCredential, true],
    ['a proven key that is not accepted', authRequest.provenKey('root', key, from), DenyReason.KeyNotAccepted, true],
    ['a wrong signature', authRequest.refutedKey('root', key, from), DenyReason.BadSignature, true],
    ['an offered key', authRequest.offeredKey('root', key, from), DenyReason.KeyNotAccepted, false],
    ['the method none', authRequest.none('root', from), DenyReason.NoGrant, false],
    ['the start of questions', authRequest.keyboardInteractive('root', from), DenyReason.NoGrant, false],
    ['an unknown method', authRequest.unknownMethod('root', 'gssapi', from), DenyReason.NoGrant, false],
    ['a limit', guess(ANN), DenyReason.RateLimited, false],
    ['a policy that failed', guess(ANN), DenyReason.PolicyFailed, false],
    ['a ban', guess(ANN), DenyReason.Banned, false],
    ['a refused connection', connectionRequest(from), DenyReason.NoGrant, false],
  ])('knows whether it is a failure: %s', (_what, request, reason, counts) => {
    const desk = new Desk();
    for (let left = 3; left > 0; left -= 1) desk.context.emit(deniedEvent(request, reason));

    expect(desk.knocks(ANN)).toBe(counts ? DenyReason.Banned : 'open');
  });

  it('counts what the application calls a failure, and nothing else', () => {
    const desk = new Desk({ isFailure: ({ request }) => request.type === 'ConnectionRequest' });
    desk.fails(ANN, 30);
    for (let left = 3; left > 0; left -= 1) desk.context.emit(grantedEvent(connectionRequest({ from: BOB })));

    expect(desk.knocks(ANN)).toBe('open');
    expect(desk.knocks(BOB)).toBe(DenyReason.Banned);
  });

  it.each<[string, number, Partial<BanAfterOptions>]>([
    ['has no grants built', 0, {}],
    ['hears of grants where they lift bans', 1, { liftOnProvenKey: true }],
    ['hears of grants where the application judges', 1, { isFailure: ({ outcome }) => outcome === 'granted' }],
  ])('%s', (_what, subscriptions, options) => {
    const context = policyContext();
    const subscribe = vi.spyOn(context.events.Decided, 'subscribe');
    const policy = banAfter<SshRequest>({ ...terms, ...options });
    answersTo(policy, consider<SshRequest>(connectionRequest({ from: ANN }), context));

    expect(subscribe).toHaveBeenCalledTimes(subscriptions);
  });

  it('reports an isFailure that throws, and goes on', () => {
    const cause = new Error('broken');
    let broken = true;
    const desk = new Desk({
      isFailure: () => {
        if (broken) throw cause;
        return true;
      },
    });
    const request = guess(ANN);
    desk.context.emit(deniedEvent(request, DenyReason.BadCredential));
    broken = false;
    desk.fails(ANN, 3);

    expect(desk.context.reports).toEqual([{ type: 'failure', request, by: 'banAfter', cause }]);
    expect(desk.knocks(ANN)).toBe(DenyReason.Banned);
  });

  it('takes no permission back when policies are replaced', () => {
    const desk = new Desk();
    desk.fails(ANN, 3);
    const again = { ...granted<SshRequest>(knock(ANN)), context: policyContext({ reevaluation: true }) };

    expect(answersTo(banAfter<SshRequest>(terms), again)).toEqual([again]);
    expect(desk.asks(knock(ANN), policyContext({ clock: desk.clock, reevaluation: true }))).toBe('open');
  });

  it('learns from a server whose requests all come to it denied', () => {
    const context = policyContext();
    const policy = banAfter<SshRequest>(terms);
    answersTo(policy, { ...denied<SshRequest>(knock(ANN)), context });
    for (let left = 3; left > 0; left -= 1) context.emit(deniedEvent(guess(ANN), DenyReason.BadCredential));

    expect(answersTo(policy, consider<SshRequest>(knock(ANN), context))).toMatchObject([{ reason: DenyReason.Banned }]);
  });

  it('keeps its bans when its subscription ends in an error', () => {
    const policy = banAfter<SshRequest>(terms);
    const context = policyContext();
    policy(throwError(() => new Error('broken'))).subscribe({ error: () => undefined });
    answersTo(policy, consider<SshRequest>(knock(BOB), context));
    for (let left = 3; left > 0; left -= 1) context.emit(deniedEvent(guess(ANN), DenyReason.BadCredential));

    expect(answersTo(policy, consider<SshRequest>(knock(ANN), context))).toMatchObject([{ reason: DenyReason.Banned }]);
  });

  it('lets a verdict without a server pass', () => {
    expect(answersTo(banAfter<SshRequest>(terms), consider<SshRequest>(knock(ANN)))).toMatchObject([{ state: 'open' }]);
  });

  it('stays within its bounds when an attacker comes from 20,000 networks, and keeps the bans of others', () => {
    const store = new MemoryCounterStore({ maxKeys: 1_000 });
    const desk = new Desk({ store });
    desk.fails(ANN, 3);
    for (let network = 0; network < 20_000; network += 1) {
      desk.fails(`2001:db8:${(network >> 16).toString(16)}:${(network & 0xffff).toString(16)}::1`);
    }

    expect(store.size).toBeLessThanOrEqual(2_000);
    expect(desk.knocks(ANN)).toBe(DenyReason.Banned);
    desk.now = 100_000;
    desk.fails(ANN, 3);
    expect(desk.banLeft(ANN)).toBe(200_000);
  });

  describe('with liftOnProvenKey', () => {
    const proof = authRequest.provenKey('ann', key, from);

    it('lifts the ban and forgets the record once a key is proven and granted', () => {
      const desk = new Desk({ liftOnProvenKey: true });
      desk.fails(ANN, 3);
      desk.now = 100_000;
      desk.fails(ANN, 3);
      desk.context.emit(grantedEvent(proof));
      expect(desk.knocks(ANN)).toBe('open');
      desk.fails(ANN, 2);
      expect(desk.knocks(ANN)).toBe('open');
      desk.fails(ANN);

      expect(desk.banLeft(ANN)).toBe(100_000);
    });

    it('lets a banned source ask by public key, and nothing else', () => {
      const desk = new Desk({ liftOnProvenKey: true });
      desk.fails(ANN, 3);

      expect(desk.asks(proof)).toBe('open');
      expect(desk.asks(authRequest.offeredKey('ann', key, from))).toBe('open');
      expect(desk.asks(authRequest.refutedKey('ann', key, from))).toBe(DenyReason.Banned);
      expect(desk.asks(guess(ANN))).toBe(DenyReason.Banned);
      expect(desk.knocks(ANN)).toBe(DenyReason.Banned);
    });

    it.each([
      ['a key that was denied', deniedEvent(proof, DenyReason.OutsideHours)],
      ['the offer of a key', grantedEvent(authRequest.offeredKey('ann', key, from))],
      ['a password', grantedEvent(guess(ANN))],
      ['a key from elsewhere', grantedEvent(authRequest.provenKey('ann', key, { from: BOB }))],
    ])('does not lift it for %s', (_what, event) => {
      const desk = new Desk({ liftOnProvenKey: true });
      desk.fails(ANN, 3);
      desk.context.emit(event);

      expect(desk.knocks(ANN)).toBe(DenyReason.Banned);
    });

    it('is off by default', () => {
      const desk = new Desk();
      desk.fails(ANN, 3);
      desk.context.emit(grantedEvent(proof));

      expect(desk.asks(proof)).toBe(DenyReason.Banned);
    });
  });

  describe('with a store', () => {
    it('shares failures and bans with a policy of the same name, as two processes of one service must', () => {
      const store = new MemoryCounterStore();
      const [one, two, other] = [new Desk({ store }), new Desk({ store }), new Desk({ store, name: 'other' })];
      one.fails(ANN, 2);
      two.fails(ANN, 1);

      expect([one, two, other].map((it) => it.knocks(ANN))).toEqual([DenyReason.Banned, DenyReason.Banned, 'open']);
    });

    it('bans once for failures that two processes count at the same moment', () => {
      const memory = new MemoryCounterStore();
      // Nobody sees what the other has done until both have counted.
      const late: (() => void)[] = [];
      const store: CounterStore = {
        hit: (name, window) => memory.hit(name, window),
        extend: (name, extension) =>
          new Promise((resolve) => {
            late.push(() => {
              resolve(memory.extend(name, extension));
            });
          }),
        clear: (name) =>
          new Promise((resolve) => {
            late.push(() => {
              memory.clear(name);
              resolve(undefined);
            });
          }),
      };
      const [one, two] = [new Desk({ store }), new Desk({ store })];
      late.length = 0;
      one.fails(ANN, 2);
      two.fails(ANN, 1);
      one.fails(ANN, 1);

      expect(late).toHaveLength(1);
    });

    it(
      'waits for a store that answers later',
      marbles(({ hot, cold, expectObservable }) => {
        const store: CounterStore = {
          hit: () => ({ allowed: true, count: 1 }),
          extend: (name) => cold('---(x|)', { x: name.includes(ANN) ? 1 : 0 }),
          clear: () => undefined,
        };
        const values = {
          a: consider<ConnectionRequest>(knock(ANN)),
          b: consider<ConnectionRequest>(knock(BOB)),
          A: deniedBy<ConnectionRequest>('banAfter', knock(ANN), DenyReason.Banned),
        };
        const source = hot('  ab------|', values);
        const expected = '    ---Ab---|';

        expectObservable(source.pipe(banAfter({ ...terms, store }))).toBe(expected, values);
      }),
    );

    const failures: readonly (readonly [string, () => never])[] = [
      [
        'throws',
        () => {
          throw new Error('broken');
        },
      ],
      ['errors', () => throwError(() => new Error('broken')) as never],
      ['completes without an answer', () => EMPTY as never],
      ['answers nonsense', () => of('OK') as never],
    ];
    const broken = (answer: () => never): CounterStore => ({ hit: answer, extend: answer, clear: answer });

    it.each(failures)('denies with the failure if the store %s', (_what, answer) => {
      const [verdict] = answersTo(
        banAfter<ConnectionRequest>({ ...terms, store: broken(answer) }),
        consider<ConnectionRequest>(knock(ANN)),
      );

      expect(verdict).toMatchObject({ state: 'denied', reason: DenyReason.PolicyFailed });
      expect(verdict).toHaveProperty('cause', expect.any(Error));
    });

    it.each(failures)('lets the request pass, if told so, and reports it when the store %s', (_what, answer) => {
      const context = policyContext();
      const request = knock(ANN);
      const policy = banAfter<ConnectionRequest>({ ...terms, store: broken(answer), onStoreFailure: 'allow' });

      expect(answersTo(policy, consider<ConnectionRequest>(request, context))).toMatchObject([{ state: 'open' }]);
      expect(context.reports).toEqual([
        { type: 'failure', request, by: 'banAfter', cause: expect.any(Error) as unknown },
      ]);
    });

    it.each(failures)('reports with the request of the event if the store %s while it learns', (_what, answer) => {
      const memory = new MemoryCounterStore();
      const desk = new Desk({
        store: {
          hit: answer,
          extend: (...it) => memory.extend(...it),
          clear: (name) => {
            memory.clear(name);
          },
        },
      });
      const request = guess(ANN);
      desk.context.emit(deniedEvent(request, DenyReason.BadCredential));

      expect(desk.context.reports).toEqual([
        { type: 'failure', request, by: 'banAfter', cause: expect.any(Error) as unknown },
      ]);
      expect(desk.knocks(ANN)).toBe('open');
    });

    it('reports a store that allows hits and does not count them, by which nobody would ever be banned', () => {
      const store: CounterStore = {
        hit: () => ({ allowed: true }) as unknown as HitResult,
        extend: () => 0,
        clear: () => undefined,
      };
      const desk = new Desk({ store });
      desk.fails(ANN);

      expect(desk.context.reports).toMatchObject([
        { type: 'failure', by: 'banAfter', cause: expect.any(TypeError) as unknown },
      ]);
    });

    it('finishes the ban that it has begun when its policies retire', () => {
      const done: string[] = [];
      let answer = (): void => undefined;
      const store: CounterStore = {
        hit: (name) => {
          done.push(`hit ${name}`);
          return { allowed: true, count: name.includes('failures') ? 3 : 1 };
        },
        extend: (name, { addMs }) => {
          done.push(`extend ${name} by ${String(addMs)}`);
          return 0;
        },
        clear: () =>
          new Promise<void>((resolve) => {
            answer = resolve;
          }),
      };
      const desk = new Desk({ store });
      desk.fails(ANN);
      desk.context.retire();
      const before = done.length;
      answer();

      return new Promise<void>((resolve) =>
        timer(0).subscribe(() => {
          resolve();
        }),
      ).then(() => {
        expect(done.slice(before)).toEqual([
          'extend banAfter/ban/192.0.2.1/32 by 0',
          'hit banAfter/record/192.0.2.1/32',
          'extend banAfter/ban/192.0.2.1/32 by 100000',
        ]);
      });
    });
  });

  it.each([
    [{ failures: 0 }, 'failures must be an integer of at least 1, got 0'],
    [{ windowMs: 0 }, 'windowMs must be a finite number of milliseconds above 0, got 0'],
    [{ banMs: Infinity }, 'banMs must be a finite number of milliseconds above 0, got Infinity'],
    [{ maxBanMs: 99_999 }, 'maxBanMs must be at least banMs, got 99999'],
    [{ maxBanMs: NaN }, 'maxBanMs must be a finite number of milliseconds above 0, got NaN'],
    [{ forgetMs: -1 }, 'forgetMs must be a finite number of milliseconds above 0, got -1'],
    [{ ipv4Prefix: 33 }, 'ipv4Prefix must be an integer from 0 to 32, got 33'],
    [{ ipv6Prefix: -1 }, 'ipv6Prefix must be an integer from 0 to 128, got -1'],
    [{ maxKeys: 0 }, 'maxKeys must be an integer of at least 1, got 0'],
  ])('refuses %o when it is made', (options, message) => {
    expect(() => banAfter({ ...terms, ...options })).toThrow(optionError(`banAfter: ${message}`));
  });

  it('refuses, from JavaScript, what is no function, switch, choice or complete store', () => {
    // @ts-expect-error isFailure is a function
    expect(() => banAfter({ ...terms, isFailure: true })).toThrow(
      optionError('banAfter: isFailure must be a function, got true'),
    );
    // @ts-expect-error it is a switch
    expect(() => banAfter({ ...terms, liftOnProvenKey: 'yes' })).toThrow(
      optionError("banAfter: liftOnProvenKey must be true or false, got 'yes'"),
    );
    // @ts-expect-error there are two choices
    expect(() => banAfter({ ...terms, onStoreFailure: 'ignore' })).toThrow(
      optionError("banAfter: onStoreFailure must be 'deny' or 'allow', got 'ignore'"),
    );
    const hitOnly = { hit: () => ({ allowed: true, count: 1 }) };
    // @ts-expect-error a store has three methods
    expect(() => banAfter({ ...terms, store: hitOnly })).toThrow(
      optionError('banAfter: store must be a CounterStore with hit, extend and clear, got { hit: [Function: hit] }'),
    );
  });

  it('bans for a day at most, unless the first ban is longer, and forgets after a week, by default', () => {
    const day = 24 * 60 * 60_000;
    const bans = (banMs: number, pauseMs: number): readonly number[] => {
      const desk = new Desk({}, banAfter({ failures: 1, windowMs: 1_000, banMs }));
      return [1, 2].map(() => {
        desk.fails(ANN);
        const length = desk.banLeft(ANN, day / 24);
        desk.now += length + pauseMs;
        return length;
      });
    };

    expect(bans(0.75 * day, 0)).toEqual([0.75 * day, day]);
    expect(bans(2 * day, 0)).toEqual([2 * day, 2 * day]);
    expect(bans(0.25 * day, 7 * day - 1)).toEqual([0.25 * day, 0.5 * day]);
    expect(bans(0.25 * day, 7 * day)).toEqual([0.25 * day, 0.25 * day]);
  });

  it('is generic in what it decides', () => {
    const auth: Policy<SSHUserAuthRequest> = banAfter(terms);

    for (const request of Object.values(authRequests)) {
      expect(answersTo(auth, consider<SSHUserAuthRequest>(request))).toMatchObject([{ state: 'open' }]);
    }
  });
});
