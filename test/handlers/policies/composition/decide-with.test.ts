import { EMPTY, map, mergeMap, NEVER, Observable, of, retry, Subject, take, tap, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { decideWith } from '../../../../src/handlers/policies/composition/decide-with.js';
import { policyName } from '../../../../src/handlers/policies/policy-options.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { consider, deny, type Verdict } from '../../../../src/streams/verdict.js';
import { marbles } from '../../../support/marbles.js';
import { abstains, answersWith, denies, grants, isSilent, late, watched } from '../members.js';
import { obeysTheLawsOfPolicies } from '../policy-laws.js';
import { knock } from '../requests.js';
import { answersTo, decisionOn, denied, deniedBy, granted, grantedBy, leased } from '../verdicts.js';

const ann = knock('192.0.2.1');
const bob = knock('192.0.2.2');
const broken = new Error('broken');

/** Asks its one member about everything. */
const wrap = (member: Policy<ConnectionRequest>): Policy<ConnectionRequest> =>
  decideWith('wrap', [member], (verdict, ask) => ask(member, verdict));

const values = {
  a: consider<ConnectionRequest>(ann),
  b: consider<ConnectionRequest>(bob),
  A: grantedBy<ConnectionRequest>('it', ann),
  B: grantedBy<ConnectionRequest>('it', bob),
  d: denied<ConnectionRequest>(ann),
};

/** Everything that comes of `policy`, which is fed by hand. */
function fed(policy: Policy<ConnectionRequest>) {
  const source = new Subject<Verdict<ConnectionRequest>>();
  const told: unknown[] = [];
  const subscribe = () =>
    source.pipe(policy).subscribe({
      next: (verdict) => told.push(verdict.state),
      error: (cause: unknown) => told.push(cause),
      complete: () => told.push('complete'),
    });
  return { source, told, subscribe };
}

describe('decideWith', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'wrap',
    // It takes no name of its own, as its callers do.
    make: (options) => (policyName('wrap', options), wrap(abstains())),
    decides: ann,
  });

  it('never shows a denied verdict to a member', () => {
    const member = watched(grants<ConnectionRequest>('it'));

    expect(answersTo(wrap(member.policy), values.d)).toEqual([values.d]);
    expect(member.asked).toEqual([]);
  });

  it(
    'lets a request overtake another that a member thinks about',
    marbles(({ cold, hot, expectObservable }) => {
      const source = hot('  a-b------|', values);
      const slow$ = cold('  ---(x|)');
      const quick = grants<ConnectionRequest>('it');
      const member: Policy<ConnectionRequest> = mergeMap((verdict) =>
        of(verdict).pipe(verdict.request === ann ? late(quick, slow$) : quick),
      );
      const expected = '    --BA-----|';

      expectObservable(source.pipe(wrap(member))).toBe(expected, values);
    }),
  );

  it(
    'completes once its source has completed and the last answer is there',
    marbles(({ cold, hot, expectObservable }) => {
      const source = hot('  a|', values);
      const slow$ = cold('  ---(x|)');
      const expected = '    ---(A|)';

      expectObservable(source.pipe(wrap(late(grants('it'), slow$)))).toBe(expected, values);
    }),
  );

  it(
    'answers a request that is asked about twice at once for each time',
    marbles(({ cold, hot, expectObservable }) => {
      const source = hot('  aa----|', values);
      const slow$ = cold('  ---(x|)');
      const expected = '    ---AA-|';

      expectObservable(source.pipe(wrap(late(grants('it'), slow$)))).toBe(expected, values);
    }),
  );

  it(
    'completes with a member, and errors with it, as a pipe does',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('        a-a-a|', values);
      const subs = '              ^-!';
      const completing = take<Verdict<ConnectionRequest>>(2);

      expectObservable(source.pipe(wrap(completing))).toBe('a-(a|)', values);
      expectSubscriptions(source.subscriptions).toBe(subs);
      expectObservable(hot('a-a', values).pipe(wrap(() => EMPTY))).toBe('|');
      expectObservable(hot('a-a', values).pipe(wrap(() => throwError(() => broken)))).toBe('#', {}, broken);
    }),
  );

  it('subscribes each member once, with itself, and lets go of it', () => {
    let subscriptions = 0;
    const member: Policy<ConnectionRequest> = (verdict$) =>
      new Observable((subscriber) => {
        subscriptions += 1;
        const subscription = verdict$.subscribe(subscriber);
        return () => {
          subscriptions -= 1;
          subscription.unsubscribe();
        };
      });
    const { source, subscribe } = fed(wrap(member));
    const subscription = subscribe();
    source.next(values.a);
    source.next(values.b);

    expect(subscriptions).toBe(1);
    subscription.unsubscribe();
    expect(subscriptions).toBe(0);
  });

  it('keeps what a member remembers outside its subscription when it is subscribed again after an error', () => {
    const member = watched<ConnectionRequest>((verdict$) => {
      let seen = 0;
      return verdict$.pipe(
        map((verdict) => {
          seen += 1;
          if (seen === 2) throw new Error('the second');
          return seen === 3 ? deny(verdict, 'third', DenyReason.RateLimited) : verdict;
        }),
      );
    });
    const source = new Subject<Verdict<ConnectionRequest>>();
    const told: string[] = [];
    const output$ = source.pipe(wrap(member.policy));
    const again = (): void => {
      output$.subscribe({
        next: (verdict) => told.push(verdict.state),
        error: () => {
          told.push('error');
          // As the server does, and before anything is torn down.
          again();
        },
      });
    };
    again();
    for (const verdict of [values.a, values.a, values.a]) source.next(verdict);

    expect(told).toEqual(['open', 'error', 'denied']);
    expect(member.applied).toBe(1);
  });

  it('gives two subscriptions at a time members of their own', () => {
    const member = watched(grants<ConnectionRequest>('it'));
    const source = new Subject<Verdict<ConnectionRequest>>();
    const told: string[] = [];
    const output$ = source.pipe(wrap(member.policy));
    output$.subscribe(({ state }) => told.push(state));
    output$.subscribe(({ state }) => told.push(state));
    source.next(values.a);

    expect(told).toEqual(['granted', 'granted']);
    expect(member.applied).toBe(2);
  });

  it('lets a member subscribe to its source again', () => {
    let calls = 0;
    const member: Policy<ConnectionRequest> = (verdict$) =>
      verdict$.pipe(
        tap(() => {
          calls += 1;
          if (calls === 1) throw new Error('once');
        }),
        retry(),
      );

    expect(answersTo(wrap(member), values.a, values.b)).toEqual([values.b]);
  });

  it('asks nobody about what comes after it was unsubscribed, though the source emits in one go', () => {
    const member = watched(grants<ConnectionRequest>('it'));
    const told: unknown[] = [];
    of(values.a, values.b)
      .pipe(wrap(member.policy), take(1))
      .subscribe((verdict) => told.push(verdict));

    expect(told).toEqual([values.A]);
    expect(member.asked).toEqual([values.a]);
  });

  it('forgets what it waits for when it is unsubscribed', () => {
    const answer = new Subject<void>();
    const { source, told, subscribe } = fed(wrap(late(grants('it'), answer)));
    const subscription = subscribe();
    source.next(values.a);
    subscription.unsubscribe();
    answer.next();

    expect(told).toEqual([]);
    expect(answer.observed).toBe(false);
  });

  it('holds only the request that a member is silent about', () => {
    const silent: Policy<ConnectionRequest> = mergeMap((verdict) => (verdict.request === ann ? NEVER : of(verdict)));

    expect(answersTo(wrap(silent), values.a, values.b)).toEqual([values.b]);
    expect(answersTo(wrap(isSilent()), values.a)).toEqual([]);
  });

  it.each([
    ['took a grant back without denying', granted<ConnectionRequest>(ann), { state: 'open', request: ann, leases: [] }],
    ['dropped a lease', leased<ConnectionRequest>(ann), { state: 'granted', request: ann, leases: [], by: 'it' }],
  ])('denies what a member %s', (what, verdict, answer) => {
    const [decided] = answersTo(wrap(answersWith(() => answer)), verdict);

    expect(decided).toMatchObject({
      state: 'denied',
      by: 'wrap',
      reason: DenyReason.PolicyFailed,
      cause: { code: 'ERR_SSH_POLICY_FAILED', message: `wrap: a policy in it ${what}` },
    });
  });

  it.each([[null], [undefined], ['granted'], [{ state: 'allowed' }], [{ state: 'granted', request: ann }]])(
    'errors if a member emits %j, which is no verdict',
    (answer) => {
      const { source, told, subscribe } = fed(wrap(answersWith(() => answer)));
      subscribe();
      source.next(values.a);

      expect(told).toEqual([
        expect.objectContaining({ message: 'wrap: a policy in it emitted something that is no verdict' }),
      ]);
    },
  );

  it('ignores answers to what it has not asked, and second answers', () => {
    const twice: Policy<ConnectionRequest> = mergeMap((verdict) => of(values.B, verdict, verdict));

    expect(answersTo(wrap(twice), values.a)).toEqual([values.a]);
  });

  it('is not built with what is no operator, nor with one that throws', () => {
    // @ts-expect-error an operator returns an Observable
    expect(() => NEVER.pipe(wrap(() => 1))).toThrow('wrap: a policy in it returned no Observable');
    expect(() =>
      NEVER.pipe(
        wrap(() => {
          throw new Error('no database');
        }),
      ),
    ).toThrow('no database');
  });

  it('denies the request at hand if the decision itself fails', () => {
    const cause = new Error('no');
    const policy = decideWith<ConnectionRequest>('wrap', [denies('it')], () => {
      throw cause;
    });

    expect(decisionOn(policy, ann)).toEqual(deniedBy('wrap', ann, DenyReason.PolicyFailed, cause));
  });

  it('tells what failed first, and of a teardown that fails where nothing else has', () => {
    const cause = new Error('teardown');
    const messy: Policy<ConnectionRequest> = () =>
      new Observable(() => () => {
        throw cause;
      });
    const told: unknown[] = [];
    const tell = (policy: Policy<ConnectionRequest>): void => {
      of(values.a)
        .pipe(policy)
        .subscribe({ error: (it: unknown) => told.push(it) });
    };
    tell(decideWith('two', [messy, () => throwError(() => broken)], (verdict) => verdict));
    tell(decideWith('two', [messy, () => EMPTY], (verdict) => verdict));

    expect(told).toEqual([broken, expect.objectContaining({ errors: [cause] })]);
  });
});
