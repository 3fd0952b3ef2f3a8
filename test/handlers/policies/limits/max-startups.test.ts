import { describe, expect, it } from 'vitest';

import { maxStartups } from '../../../../src/handlers/policies/limits/max-startups.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { held } from '../../../../src/testing/held.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { marbles } from '../../../support/marbles.js';
import { type BegunGrant, beginGrant } from '../begin-grant.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { knock } from '../requests.js';
import { answersTo, decisionOn, deniedBy, grantedBy } from '../verdicts.js';

const ann = knock('192.0.2.1');
const refused = deniedBy<ConnectionRequest>('maxStartups', ann, DenyReason.LimitReached);
const revocation = { type: 'revoke', reason: 'too many connections have not signed in', by: 'maxStartups' };

const waiting = () => held({ kind: 'connection' });

/** Lets in `count` connections on which nobody signs in. */
const fill = (policy: Policy<ConnectionRequest>, count: number): readonly BegunGrant[] =>
  Array.from({ length: count }, () => beginGrant(decisionOn(policy, knock('192.0.2.2')), waiting()));

/** A generator that draws these numbers, and fails the test if it is asked for one more. */
function draws(...numbers: readonly number[]): () => number {
  const left = [...numbers];
  return () => {
    const drawn = left.shift();
    if (drawn === undefined) throw new Error('nobody should have drawn');
    return drawn;
  };
}

describe('maxStartups', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'maxStartups',
    make: (options) => maxStartups('10:30:100', options),
    decides: ann,
    leases: 2,
  });

  it(
    'draws for each connection from start on, with the probability of sshd',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const policy = maxStartups('2:30:9', { random: draws(0, 0.29, 0.3, 0.999) });
      fill(policy, 2);
      const source = hot('  -a-a-a-a-|', { a: consider<ConnectionRequest>(ann) });
      const expected = '    -A-A-a-a-|';
      const subs = '        ^--------!';
      const a = { state: 'open', request: ann, leases: [expect.anything(), expect.anything()] };

      expectObservable(source.pipe(policy)).toBe(expected, { A: refused, a });
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('does not draw below start', () => {
    const policy = maxStartups('3:30:9', { random: draws() });
    fill(policy, 2);

    expect(decisionOn(policy, ann).state).toBe('open');
  });

  it('refuses all at full, without drawing', () => {
    const policy = maxStartups('1:30:2', { random: draws(0.5) });
    fill(policy, 2);

    expect(decisionOn(policy, ann)).toEqual(refused);
  });

  it('refuses all from one number on', () => {
    const policy = maxStartups('2', { random: draws() });
    const [first] = fill(policy, 2);
    expect(decisionOn(policy, ann)).toEqual(refused);

    first?.end();
    expect(decisionOn(policy, ann).state).toBe('open');
  });

  it('takes the parts of the limit as well', () => {
    const policy = maxStartups({ start: 1, ratePercent: 50, full: 3 }, { random: draws(0.49, 0.5) });
    fill(policy, 1);

    expect([decisionOn(policy, ann).state, decisionOn(policy, ann).state]).toEqual(['denied', 'open']);
  });

  it('refuses about as many as it says, by the generator of the system', () => {
    const policy = maxStartups({ start: 1, ratePercent: 50, full: 1_000_000 });
    fill(policy, 1);
    let refusals = 0;
    for (let count = 0; count < 4_000; count += 1) if (decisionOn(policy, ann).state === 'denied') refusals += 1;

    // Twelve standard deviations on either side: by chance this fails in no lifetime.
    expect(Math.abs(refusals - 2_000)).toBeLessThan(380);
  });

  it('counts a connection no more once somebody has signed in on it', () => {
    const policy = maxStartups('1');
    const thing = waiting();
    const grant = beginGrant(decisionOn(policy, knock('192.0.2.2')), thing);
    expect(decisionOn(policy, ann)).toEqual(refused);

    thing.authenticate({ user: 'ann', method: 'password' });
    expect(decisionOn(policy, ann).state).toBe('open');
    expect(grant.signals).toEqual([]);

    const [other] = fill(policy, 1);
    grant.end();
    expect(decisionOn(policy, ann)).toEqual(refused);
    other?.end();
  });

  it('revokes those beyond full that were decided at once, without drawing again', () => {
    const policy = maxStartups('1:50:2', { random: draws() });
    const verdicts = [1, 2, 3].map(() => decisionOn(policy, knock('192.0.2.2')));
    const [, , third] = verdicts.map((verdict) => beginGrant(verdict, waiting()));

    expect(third?.signals).toEqual([revocation]);
  });

  it('draws once for a verdict that passes twice, and counts it once', () => {
    const policy = maxStartups('1:50:3', { random: draws(0.5, 0.75) });
    fill(policy, 1);
    const [verdict = refused] = answersTo((verdict$) => verdict$.pipe(policy, policy), consider(ann));
    expect(beginGrant(verdict, waiting()).revoked).toBe(false);

    // Two count now, so the probability is 75 percent: 0.75 is just let in.
    expect(decisionOn(policy, knock('192.0.2.3')).state).toBe('open');
  });

  it('leaves a connection that is asked again without drawing, signed in or not', () => {
    const policy = maxStartups('1');
    fill(policy, 1);
    const asked: Verdict<ConnectionRequest> = {
      ...grantedBy('earlier', ann),
      context: policyContext({ reevaluation: true }),
    };
    const [signedIn = refused, starting = refused] = answersTo(policy, asked, asked);
    const thing = waiting();
    thing.authenticate({ user: 'ann', method: 'password' });

    expect(beginGrant(signedIn, thing).signals).toEqual([]);
    expect(beginGrant(starting, waiting()).signals).toEqual([revocation]);
  });

  it('lets in nobody by a generator that returns nonsense or throws', () => {
    const nonsense = maxStartups('1:30:9', { random: () => NaN });
    fill(nonsense, 1);
    expect(decisionOn(nonsense, ann)).toEqual(refused);

    const cause = new Error('broken');
    const broken = maxStartups('1:30:9', {
      random: () => {
        throw cause;
      },
    });
    fill(broken, 1);
    expect(decisionOn(broken, ann)).toEqual(deniedBy('maxStartups', ann, DenyReason.PolicyFailed, cause));
  });

  it('refuses a limit that sshd would refuse, and a generator that is none', () => {
    expect(() => maxStartups('10:30:5')).toThrow(
      optionError(
        "maxStartups: limit must be start:rate:full or { start, ratePercent, full }, with integers, start at least 1, a rate of 1 to 100 percent and full not below start, got '10:30:5'",
      ),
    );
    // @ts-expect-error a function that draws
    expect(() => maxStartups('10:30:100', { random: 0.5 })).toThrow(
      optionError('maxStartups: random must be a function, got 0.5'),
    );
  });
});
