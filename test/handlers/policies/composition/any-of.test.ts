import fc from 'fast-check';
import { NEVER } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { anyOf } from '../../../../src/handlers/policies/composition/any-of.js';
import { grantPassword } from '../../../../src/handlers/policies/authentication/grant-password.js';
import { grantPublicKey } from '../../../../src/handlers/policies/authentication/grant-public-key.js';
import { named } from '../../../../src/handlers/policies/composition/named.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { Lease } from '../../../../src/streams/lease.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { marbles } from '../../../support/marbles.js';
import { keyOf, lineOf } from '../keys.js';
import { abstains, denies, grants, isSilent, late, watched } from '../members.js';
import { type MemberScript, memberScript, scripted } from '../member-scripts.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { knock, offered, password, proven } from '../requests.js';
import { answersTo, decisionOn, deniedBy, granted, grantedBy, leased } from '../verdicts.js';

const ann = knock('192.0.2.1');
const open = consider<ConnectionRequest>(ann);

describe('anyOf', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'named',
    make: ({ name = 'any' }) => named(name, anyOf(abstains(), grants('two'))),
    decides: ann,
  });

  it('leaves it to the first that grants, and asks nobody after it', () => {
    const third = watched(grants<ConnectionRequest>('third'));

    expect(decisionOn(anyOf(abstains(), grants('second'), third.policy), ann)).toEqual(grantedBy('second', ann));
    expect(third.asked).toEqual([]);
  });

  it('grants what a later one grants though an earlier one denies', () => {
    expect(decisionOn(anyOf<ConnectionRequest>(denies('first'), grants('second')), ann)).toEqual(
      grantedBy('second', ann),
    );
  });

  it('denies with the first denial if nobody grants', () => {
    const policy = anyOf<ConnectionRequest>(
      abstains(),
      denies('second', DenyReason.OutsideHours),
      denies('third', DenyReason.Banned),
      abstains(),
    );

    expect(decisionOn(policy, ann)).toEqual(deniedBy('second', ann, DenyReason.OutsideHours));
  });

  it('leaves open what nobody has an opinion about', () => {
    expect(decisionOn(anyOf<ConnectionRequest>(abstains(), abstains()), ann)).toEqual(open);
  });

  it('shows each of them the verdict as it came in', () => {
    const second = watched(abstains<ConnectionRequest>());
    const verdict = leased<ConnectionRequest>(ann);
    answersTo(
      anyOf(
        abstains(() => NEVER),
        second.policy,
      ),
      verdict,
    );

    expect(second.asked).toEqual([verdict]);
  });

  it('attaches the leases of the one that grants, and of no other', () => {
    const [one, two]: readonly Lease[] = [() => NEVER, () => NEVER];
    if (one === undefined || two === undefined) throw new Error('two leases');

    expect(decisionOn(anyOf<ConnectionRequest>(abstains(one), grants('it', two)), ann)).toEqual({
      ...grantedBy('it', ann),
      leases: [two],
    });
    expect(decisionOn(anyOf<ConnectionRequest>(abstains(one), abstains(two)), ann)).toEqual(open);
  });

  it('denies a granted verdict only if all deny it', () => {
    const verdict = granted<ConnectionRequest>(ann);

    expect(answersTo(anyOf(denies('one'), abstains()), verdict)).toEqual([verdict]);
    expect(answersTo(anyOf(denies('one'), denies('two')), verdict)).toEqual([
      deniedBy('one', ann, DenyReason.NotPermitted),
    ]);
  });

  it(
    'waits for each in turn, and holds up nobody else',
    marbles(({ cold, hot, expectObservable }) => {
      const bob = knock('192.0.2.2');
      const source = hot('  a-b--------|', { a: open, b: consider<ConnectionRequest>(bob) });
      const slow$ = cold('  --(x|)');
      const policy = anyOf<ConnectionRequest>(late(denies('no'), slow$), late(grants('it'), slow$));
      const expected = '    ----A-B----|';

      expectObservable(source.pipe(policy)).toBe(expected, { A: grantedBy('it', ann), B: grantedBy('it', bob) });
    }),
  );

  it('asks nobody behind one that is silent', () => {
    const second = watched(grants<ConnectionRequest>('second'));

    expect(answersTo(anyOf(isSilent(), second.policy), open)).toEqual([]);
    expect(second.asked).toEqual([]);
  });

  it('passes over one that fails, and reports what it failed of', () => {
    const context = policyContext();
    const cause = new Error('no directory');
    const failing = denies<ConnectionRequest>('directory', DenyReason.PolicyFailed, cause);
    const report = { type: 'failure', request: ann, by: 'directory', cause };

    expect(answersTo(anyOf(failing, grants('it')), consider(ann, context))).toMatchObject([{ state: 'granted' }]);
    expect(context.reports).toEqual([report]);

    expect(answersTo(anyOf(denies('no'), failing), consider(ann, context))).toMatchObject([{ by: 'no' }]);
    expect(context.reports).toEqual([report, report]);
  });

  it('leaves the report to the server where the failure is the verdict', () => {
    const context = policyContext();
    const failing = denies<ConnectionRequest>('directory', DenyReason.PolicyFailed, 'no directory');

    expect(answersTo(anyOf(failing, abstains()), consider(ann, context))).toMatchObject([
      { state: 'denied', reason: DenyReason.PolicyFailed, cause: 'no directory' },
    ]);
    expect(context.reports).toEqual([]);
  });

  it('takes passwords and keys, and accepts the offer of a key', () => {
    const listed = keyOf(1);
    const signIn = anyOf(
      grantPassword((_user, text) => text === 'right'),
      grantPublicKey(lineOf(listed)),
    );

    expect(decisionOn(signIn, password('right'))).toMatchObject({ state: 'granted', by: 'grantPassword' });
    expect(decisionOn(signIn, password('wrong'))).toMatchObject({ state: 'denied', by: 'grantPassword' });
    expect(decisionOn(signIn, offered(listed))).toMatchObject({ state: 'granted', by: 'grantPublicKey' });
    expect(decisionOn(signIn, proven(listed))).toMatchObject({ state: 'granted', by: 'grantPublicKey' });
  });

  it('refuses to be made of nothing, and of what is no policy', () => {
    expect(() => anyOf()).toThrow(optionError('anyOf: policies must be one or more, got []'));
    // @ts-expect-error a policy is a function
    expect(() => anyOf(undefined)).toThrow(optionError('anyOf: policy 1 must be a function, got undefined'));
  });

  it('decides as the model does, whatever the members do', () => {
    fc.assert(
      fc.property(
        fc.array(memberScript, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('open', 'granted'),
        (scripts, state) => {
          const verdict = state === 'open' ? leased<ConnectionRequest>(ann) : granted<ConnectionRequest>(ann);
          const [decided] = answersTo(anyOf(...scripts.map((script) => scripted<ConnectionRequest>(script))), verdict);

          expect(decided).toEqual(model(verdict, scripts));
        },
      ),
    );
  });
});

/** What alternatives mean, said another way. */
function model<R>(verdict: Verdict<R>, scripts: readonly MemberScript[]): unknown {
  if (verdict.state === 'denied') return verdict;
  const taken = scripts.find(({ says }) => (verdict.state === 'granted' ? says !== 'deny' : says === 'grant'));
  if (taken !== undefined) {
    return { by: taken.by, ...verdict, state: 'granted', leases: [...verdict.leases, ...taken.leases] };
  }
  const refusal = scripts.find(({ says }) => says === 'deny');
  return refusal === undefined ? verdict : deniedBy(refusal.by, verdict.request, refusal.reason);
}
