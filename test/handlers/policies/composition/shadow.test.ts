import fc from 'fast-check';
import { EMPTY, map, mergeMap, NEVER, Observable, of, Subject, take, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { approval } from '../../../../src/handlers/policies/composition/approval.js';
import { grantWhen } from '../../../../src/handlers/policies/composition/grant-when.js';
import { rateLimit } from '../../../../src/handlers/policies/limits/rate-limit.js';
import { shadow, type ShadowOptions } from '../../../../src/handlers/policies/composition/shadow.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { LeaseSignal } from '../../../../src/streams/lease.js';
import type { Policy } from '../../../../src/streams/policy.js';
import type { PolicyContext } from '../../../../src/streams/policy-context.js';
import { consider, decline, deny, type Verdict } from '../../../../src/streams/verdict.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { marbles } from '../../../support/marbles.js';
import { abstains, answersWith, declines, denies, grants, isSilent, late, watched } from '../members.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { knock } from '../requests.js';
import { answersTo, declinedBy, denied, granted, lease } from '../verdicts.js';
import { virtualTime } from '../virtual-time.js';

const ann = knock('192.0.2.1');
const bob = knock('192.0.2.2');
const carol = knock('192.0.2.3');

/** A shadow of `policy` at work, in virtual time. */
function inShadow(policy: Policy<ConnectionRequest>, options: ShadowOptions = {}) {
  const time = virtualTime();
  const context = policyContext({ clock: time.clock });
  const source = new Subject<Verdict<ConnectionRequest>>();
  const passed: Verdict<ConnectionRequest>[] = [];
  const subscription = source.pipe(shadow(policy, options)).subscribe((verdict) => passed.push(verdict));
  return {
    context,
    passed,
    subscription,
    advance: time.advance,
    timers: () => time.timers,
    put: (verdict: Verdict<ConnectionRequest>) => {
      source.next({ ...verdict, context });
    },
    knock: (request: ConnectionRequest) => {
      source.next(consider(request, context));
    },
  };
}

const reported = { type: 'shadow', request: ann, by: 'it', leases: 0, elapsedMs: 0 } as const;

const failed = (request: ConnectionRequest, message: string) => ({
  type: 'failure',
  request,
  by: 'shadow',
  cause: expect.objectContaining({ message }) as unknown,
});

describe('shadow', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'shadow',
    make: (options) => shadow(denies('it'), options),
    decides: ann,
  });

  it.each<readonly [string, Policy<ConnectionRequest>, object]>([
    ['a denial', denies('it', DenyReason.Banned), { ...reported, outcome: 'denied', reason: DenyReason.Banned }],
    [
      'a refusal that leaves it to others',
      declines('it', DenyReason.KeyNotAccepted, NEVER),
      { ...reported, outcome: 'declined', reason: DenyReason.KeyNotAccepted, leases: 1 },
    ],
    ['a grant', grants('it'), { ...reported, outcome: 'granted' }],
    ['no opinion', abstains(), { ...reported, by: 'shadow', outcome: 'open' }],
    ['a grant with leases', grants('it', NEVER, EMPTY), { ...reported, outcome: 'granted', leases: 2 }],
    ['leases alone', abstains(NEVER), { ...reported, by: 'shadow', outcome: 'open', leases: 1 }],
  ])('reports what the policy would have decided, and lets the verdict pass: %s', (_what, policy, report) => {
    const { context, passed, knock: comes } = inShadow(policy);
    comes(ann);

    expect(context.reports).toEqual([report]);
    expect(passed).toEqual([consider(ann, context)]);
  });

  it('passes the very verdict, at once, though the policy has not answered', () => {
    const verdict = granted<ConnectionRequest>(ann);
    const [answer] = answersTo(shadow<ConnectionRequest>(isSilent()), verdict);

    expect(answer).toBe(verdict);
  });

  it('reports under the name it was given, whoever decides', () => {
    const { context, knock: comes } = inShadow(denies('it'), { name: 'stricter' });
    comes(ann);

    expect(context.reports).toMatchObject([{ type: 'shadow', by: 'stricter', outcome: 'denied' }]);
  });

  it('takes a grant of others that stands for no decision, and counts its leases not', () => {
    const { context, put } = inShadow(abstains(EMPTY));
    put(granted(ann));

    expect(context.reports).toEqual([{ ...reported, by: 'shadow', outcome: 'open', leases: 1 }]);
  });

  it('reports that the grant of others would have been denied', () => {
    const { context, put } = inShadow(denies('it'));
    put(granted(ann));

    expect(context.reports).toMatchObject([{ type: 'shadow', by: 'it', outcome: 'denied' }]);
  });

  it('reports for what the policy would have declined, though another was the first', () => {
    const member = watched(declines<ConnectionRequest>('it', DenyReason.BadCredential));
    const { context, passed, put } = inShadow(member.policy);
    const before = declinedBy<ConnectionRequest>('before', ann, DenyReason.KeyNotAccepted);
    put(before);

    expect(context.reports).toEqual([{ ...reported, outcome: 'declined', reason: DenyReason.BadCredential }]);
    expect(member.asked).toMatchObject([{ state: 'open', leases: [] }]);
    expect(member.asked[0]).not.toHaveProperty('declined');
    expect(passed).toEqual([{ ...before, context }]);
  });

  it('takes what others have declined for no decision of the policy', () => {
    const { context, put } = inShadow(abstains());
    put(declinedBy('before', ann, DenyReason.KeyNotAccepted));

    expect(context.reports).toEqual([{ ...reported, by: 'shadow', outcome: 'open' }]);
  });

  it('reports what it would have declined under the name it was given', () => {
    const { context, knock: comes } = inShadow(declines('it'), { name: 'stricter' });
    comes(ann);

    expect(context.reports).toMatchObject([{ type: 'shadow', by: 'stricter', outcome: 'declined' }]);
  });

  it('never shows the policy what was denied', () => {
    const member = watched(denies<ConnectionRequest>('it'));
    const { context, put } = inShadow(member.policy);
    put(denied(ann));

    expect(member.asked).toEqual([]);
    expect(context.reports).toEqual([]);
  });

  it('subscribes no lease and serves nothing', () => {
    const touched: string[] = [];
    const held = new Observable<LeaseSignal>(() => {
      touched.push('lease');
    });
    const policy = answersWith<ConnectionRequest>((verdict) => ({
      ...verdict,
      state: 'granted',
      by: 'it',
      leases: [
        held,
        () => {
          touched.push('made');
          return NEVER;
        },
      ],
      serve: () => touched.push('served'),
    }));
    const { context, knock: comes } = inShadow(policy);
    comes(ann);

    expect(context.reports).toMatchObject([{ outcome: 'granted', leases: 2 }]);
    expect(touched).toEqual([]);
  });

  it('reports late answers when they come, with the time they took', () => {
    const answer = new Subject<void>();
    const { context, advance, timers, knock: comes } = inShadow(late(denies('it'), answer.pipe(take(1))));
    comes(ann);
    advance(250);
    answer.next();

    expect(context.reports).toEqual([
      { ...reported, outcome: 'denied', reason: DenyReason.NotPermitted, elapsedMs: 250 },
    ]);
    expect(timers()).toBe(0);
  });

  it(
    'delays nothing and reorders nothing',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const values = { a: consider<ConnectionRequest>(ann), b: consider<ConnectionRequest>(bob), d: denied(ann) };
      const source = hot('  -a-b-(dab)|', values);
      const slow$ = cold('  ---(x|)');
      const expected = '    -a-b-(dab)|';
      const subs = '        ^---------!';

      expectObservable(source.pipe(shadow(late(denies('it'), slow$)))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('reports a policy that stays silent, once for each request, and still the answer that comes too late', () => {
    const answer = new Subject<void>();
    const { context, advance, knock: comes } = inShadow(late(grants('it'), answer.pipe(take(1))));
    comes(ann);
    advance(29_999);
    expect(context.reports).toEqual([]);
    advance(1);
    expect(context.reports).toEqual([failed(ann, 'shadow: the policy in it has not answered for 30000 ms')]);
    advance(60_000);
    answer.next();

    expect(context.reports.slice(1)).toEqual([{ ...reported, outcome: 'granted', elapsedMs: 90_000 }]);
  });

  it('goes by the patience and the clock that it was given', () => {
    const { clock, advance } = virtualTime();
    const { context, knock: comes } = inShadow(isSilent(), { silentAfterMs: 5, clock });
    comes(ann);
    advance(5);

    expect(context.reports).toMatchObject([{ type: 'failure', request: ann }]);
  });

  it('forgets the oldest of too many requests that wait, and says so', () => {
    const answers = new Subject<ConnectionRequest>();
    const slow: Policy<ConnectionRequest> = mergeMap((verdict) =>
      answers.pipe(mergeMap((it) => (it === verdict.request ? of(deny(verdict, 'it', DenyReason.Banned)) : EMPTY))),
    );
    const { context, timers, knock: comes } = inShadow(slow, { maxPending: 2 });
    for (const request of [ann, bob, carol]) comes(request);

    expect(context.reports).toEqual([
      failed(ann, 'shadow: the policy in it is too slow: too many requests wait for it'),
    ]);
    expect(timers()).toBe(2);
    for (const request of [ann, bob, carol]) answers.next(request);
    expect(context.reports.slice(1)).toMatchObject([
      { type: 'shadow', request: bob },
      { type: 'shadow', request: carol },
    ]);
  });

  it('says of a forgotten request only once that it was not answered', () => {
    const { context, advance, knock: comes } = inShadow(isSilent(), { maxPending: 1, silentAfterMs: 5 });
    comes(ann);
    advance(5);
    comes(bob);

    expect(context.reports).toHaveLength(1);
  });

  it('holds a thousand requests by default', () => {
    const { context, timers, knock: comes } = inShadow(isSilent());
    for (let index = 0; index < 1_001; index += 1) comes({ ...ann });

    expect(context.reports).toHaveLength(1);
    expect(timers()).toBe(1_000);
  });

  describe('of a policy that fails', () => {
    it.each<readonly [string, Policy<ConnectionRequest>, string]>([
      [
        'throws when it is built',
        () => {
          throw new Error('no table');
        },
        'no table',
      ],
      ['returns no Observable', (() => 1) as never, 'shadow: a policy in it returned no Observable'],
      ['errors at once', () => throwError(() => new Error('no table')), 'no table'],
      [
        'errors',
        map(() => {
          throw new Error('no table');
        }),
        'no table',
      ],
      ['completes at once', () => EMPTY, 'shadow: the policy in it completed'],
      ['emits nonsense', answersWith(() => 'yes'), 'shadow: a policy in it emitted something that is no verdict'],
    ])('reports it for each request, and passes all of them: it %s', (_what, policy, message) => {
      const { context, passed, knock: comes } = inShadow(policy);
      comes(ann);
      comes(bob);

      expect(passed).toEqual([consider(ann, context), consider(bob, context)]);
      expect(context.reports).toEqual([failed(ann, message), failed(bob, message)]);
    });

    it('subscribes it again for the next request, with what it remembers outside its subscription', () => {
      const member = watched<ConnectionRequest>((verdict$) => {
        let seen = 0;
        return verdict$.pipe(
          map((verdict) => {
            seen += 1;
            if (seen === 1) throw new Error('once');
            return deny(verdict, `seen ${String(seen)}`, DenyReason.Banned);
          }),
        );
      });
      const { context, knock: comes } = inShadow(member.policy);
      comes(ann);
      comes(bob);

      expect(context.reports).toMatchObject([
        { type: 'failure', request: ann },
        { type: 'shadow', request: bob, by: 'seen 2' },
      ]);
      expect(member.applied).toBe(1);
    });

    it('subscribes it again after it has completed, and keeps the answer that came before', () => {
      const { context, knock: comes } = inShadow((verdict$) => verdict$.pipe(denies('it'), take(1)));
      comes(ann);
      comes(bob);

      expect(context.reports).toMatchObject([
        { type: 'shadow', request: ann },
        { type: 'failure' },
        { type: 'shadow', request: bob },
        { type: 'failure' },
      ]);
    });

    it('tells what it failed of, and what that would have meant', () => {
      const cause = new Error('no directory');
      const { context, knock: comes } = inShadow(
        grantWhen<ConnectionRequest>(() => {
          throw cause;
        }),
      );
      comes(ann);

      expect(context.reports).toEqual([
        { type: 'failure', request: ann, by: 'shadow', cause },
        { ...reported, by: 'grantWhen', outcome: 'denied', reason: DenyReason.PolicyFailed },
      ]);
    });

    it('tells that it breaks the rules of verdicts', () => {
      const { context, passed, put } = inShadow(answersWith(() => ({ ...consider(ann) })));
      put(granted(ann));

      expect(passed).toMatchObject([{ state: 'granted', leases: [lease] }]);
      expect(context.reports).toMatchObject([
        { type: 'failure', cause: { message: 'shadow: a policy in it took a grant back without denying' } },
        { type: 'shadow', outcome: 'denied', reason: DenyReason.PolicyFailed },
      ]);
    });

    it('swallows and reports what it throws when it is unsubscribed', () => {
      const cause = new Error('teardown');
      const messy: Policy<ConnectionRequest> = () =>
        new Observable(() => () => {
          throw cause;
        });
      const { context, subscription, knock: comes } = inShadow(messy);
      comes(ann);

      expect(() => {
        subscription.unsubscribe();
      }).not.toThrow();
      expect(context.reports).toEqual([
        { type: 'failure', by: 'shadow', cause: expect.objectContaining({ errors: [cause] }) as unknown },
      ]);
    });
  });

  it('leaves nothing behind when it is unsubscribed', () => {
    const answer = new Subject<void>();
    const { context, subscription, timers, knock: comes } = inShadow(late(grants('it'), answer));
    comes(ann);
    subscription.unsubscribe();
    answer.next();

    expect(answer.observed).toBe(false);
    expect(timers()).toBe(0);
    expect(context.reports).toEqual([]);
  });

  it('asks nothing after it was unsubscribed, though the source emits in one go', () => {
    const member = watched(grants<ConnectionRequest>('it'));
    of(consider<ConnectionRequest>(ann), consider<ConnectionRequest>(bob))
      .pipe(shadow(member.policy), take(1))
      .subscribe();

    expect(member.asked).toEqual([consider(ann)]);
  });

  it('works without a server to report to', () => {
    const verdict = consider<ConnectionRequest>(ann);

    expect(answersTo(shadow(grants('it')), verdict)).toEqual([verdict]);
  });

  it('has the counts of its policy to itself', () => {
    const limit = (): Policy<ConnectionRequest> => rateLimit({ limit: 1, windowMs: 1_000, keyOf: () => 'all' });
    const { context, passed, knock: comes } = inShadow((verdict$) => verdict$.pipe(limit()));
    const real = limit();
    comes(ann);
    comes(bob);

    expect(context.reports).toMatchObject([{ outcome: 'open' }, { outcome: 'denied' }]);
    expect(answersTo(real, ...passed.slice(0, 1))).toMatchObject([{ state: 'open' }]);
  });

  it('gives the policy no power over the deadline of the real request', () => {
    const { context, knock: comes } = inShadow(approval({ ask: () => NEVER }));
    comes(ann);

    expect(context.deadlines.size).toBe(0);
  });

  it('shows the policy the server as it is, as one object', () => {
    const member = watched(
      answersWith<ConnectionRequest>((verdict) => {
        verdict.context?.report({ type: 'failure', request: ann, by: 'it', cause: 'seen' });
        return verdict;
      }),
    );
    const { context, knock: comes } = inShadow(member.policy);
    comes(ann);
    comes(bob);
    const [one, two] = member.asked.map((verdict): PolicyContext | undefined => verdict.context);

    expect(one).toBe(two);
    expect(one?.clock).toBe(context.clock);
    expect(one?.events).toBe(context.events);
    expect(one?.retired).toBe(context.retired);
    expect(one?.reevaluation).toBe(false);
    expect(context.reports[0]).toMatchObject({ by: 'it', cause: 'seen' });
  });

  it('refuses what is no policy, and options out of range', () => {
    // @ts-expect-error a policy is a function
    expect(() => shadow(undefined)).toThrow(optionError('shadow: policy must be a function, got undefined'));
    expect(() => shadow(abstains<ConnectionRequest>(), { maxPending: 0 })).toThrow(
      optionError('shadow: maxPending must be an integer of at least 1, got 0'),
    );
    expect(() => shadow(abstains<ConnectionRequest>(), { silentAfterMs: 0 })).toThrow(
      optionError('shadow: silentAfterMs must be a finite number of milliseconds above 0, got 0'),
    );
  });

  describe('whatever the policy does', () => {
    /** What a policy may do with one verdict, by number. */
    const deeds: readonly ((verdict: Verdict<ConnectionRequest>) => Observable<unknown>)[] = [
      (verdict) => of(verdict),
      (verdict) => of(deny(verdict, 'it', DenyReason.NotPermitted)),
      (verdict) => of(decline(verdict, 'it', DenyReason.BadCredential)),
      (verdict) => of({ ...verdict, state: 'granted', by: 'it', leases: [] }),
      (verdict) => of(verdict, verdict),
      () => EMPTY,
      () => NEVER,
      () => of(null),
      () => of(consider(carol)),
      () => throwError(() => new Error('broken')),
      () => {
        throw new Error('broken');
      },
    ];
    const verdicts = fc.array(
      fc.constantFrom('open', 'granted', 'denied').map((state) => {
        if (state === 'open') return consider<ConnectionRequest>({ ...ann });
        return state === 'granted' ? granted<ConnectionRequest>({ ...ann }) : denied<ConnectionRequest>({ ...ann });
      }),
    );

    it('changes no verdict, drops none, adds none and keeps their order', () => {
      fc.assert(
        fc.property(
          verdicts,
          fc.array(fc.nat({ max: deeds.length - 1 })),
          fc.option(fc.nat({ max: 3 }), { nil: Infinity }),
          (put, choices, lifetime) => {
            let index = 0;
            const policy: Policy<ConnectionRequest> = (verdict$) =>
              verdict$.pipe(
                // JavaScript may answer with anything.
                mergeMap((verdict) => (deeds[choices[index++] ?? 0]?.(verdict) ?? EMPTY) as typeof verdict$),
                take(lifetime),
              );
            const passed = answersTo(shadow(policy, { maxPending: 2 }), ...put);

            expect(passed).toHaveLength(put.length);
            passed.forEach((verdict, at) => {
              expect(verdict).toBe(put[at]);
            });
          },
        ),
      );
    });
  });
});
