import fc from 'fast-check';
import { NEVER } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { allowFrom } from '../../../../src/handlers/policies/access/allow-from.js';
import { anyOf } from '../../../../src/handlers/policies/composition/any-of.js';
import { grantPassword } from '../../../../src/handlers/policies/authentication/grant-password.js';
import { grantPublicKey } from '../../../../src/handlers/policies/authentication/grant-public-key.js';
import { requireMethods } from '../../../../src/handlers/policies/authentication/require-methods.js';
import { named } from '../../../../src/handlers/policies/composition/named.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { Lease } from '../../../../src/streams/lease.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { marbles } from '../../../support/marbles.js';
import { keyOf, lineOf } from '../keys.js';
import { abstains, declines, denies, grants, isSilent, late, watched } from '../members.js';
import { type MemberScript, memberScript, scripted } from '../member-scripts.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { knock, offered, password, proven } from '../requests.js';
import { answersTo, decisionOn, declinedBy, deniedBy, granted, grantedBy, leased } from '../verdicts.js';

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

  it('denies with the first denial if all deny', () => {
    const policy = anyOf<ConnectionRequest>(denies('one', DenyReason.OutsideHours), denies('two', DenyReason.Banned));

    expect(decisionOn(policy, ann)).toEqual(deniedBy('one', ann, DenyReason.OutsideHours));
  });

  it('declines for the first reason if nobody grants and not all deny', () => {
    const policy = anyOf<ConnectionRequest>(
      abstains(),
      denies('second', DenyReason.OutsideHours),
      declines('third', DenyReason.BadCredential),
    );

    expect(decisionOn(policy, ann)).toEqual(declinedBy('second', ann, DenyReason.OutsideHours));
    expect(decisionOn(anyOf<ConnectionRequest>(declines('one'), denies('two')), ann)).toEqual(
      declinedBy('one', ann, DenyReason.BadCredential),
    );
  });

  it('grants what one of them grants though another declines, and keeps no reason', () => {
    expect(decisionOn(anyOf<ConnectionRequest>(declines('one'), grants('two'), declines('three')), ann)).toEqual(
      grantedBy('two', ann),
    );
  });

  it('requires what those before the one that grants do, and what those behind it do of nobody', () => {
    const policy = anyOf<SSHUserAuthRequest>(
      requireMethods('publickey', { name: 'one' }),
      (verdict$) => verdict$.pipe(requireMethods('hostbased', { name: 'two' }), denies('two')),
      (verdict$) => verdict$.pipe(requireMethods('totp', { name: 'three' }), grants('three')),
      requireMethods('password', { name: 'four' }),
    );
    const verdict = decisionOn<SSHUserAuthRequest>(policy, password('right'));

    expect(verdict).toMatchObject({ state: 'granted', by: 'three' });
    expect(verdict.requires?.map(({ by }) => by)).toEqual(['one', 'two', 'three']);
  });

  it('requires what all do if nobody grants, and if all deny', () => {
    const requiring = (name: string, then: Policy<SSHUserAuthRequest>): Policy<SSHUserAuthRequest> => {
      const required = requireMethods('publickey', { name });
      return (verdict$) => verdict$.pipe(required, then);
    };
    const open = decisionOn(anyOf(requiring('one', denies('one')), requiring('two', abstains())), password('right'));
    const shut = decisionOn(anyOf(requiring('one', denies('one')), requiring('two', denies('two'))), password('right'));

    expect([open.state, shut.state]).toEqual(['open', 'denied']);
    for (const verdict of [open, shut]) expect(verdict.requires?.map(({ by }) => by)).toEqual(['one', 'two']);
  });

  it('keeps the reason of somebody before it, and grants what was declined', () => {
    const before = declinedBy<ConnectionRequest>('before', ann, DenyReason.KeyNotAccepted);

    expect(answersTo(anyOf(declines('it'), abstains()), before)).toEqual([before]);
    expect(answersTo(anyOf(declines('it'), grants('key')), before)).toMatchObject([{ state: 'granted', by: 'key' }]);
  });

  it('takes alternatives that only deny, as the addresses from which one may come', () => {
    const somewhere = anyOf<ConnectionRequest>(allowFrom(['192.0.2.0/24']), allowFrom(['198.51.100.0/24']));
    const [near, far, elsewhere] = [knock('192.0.2.1'), knock('198.51.100.1'), knock('203.0.113.1')];

    expect([near, far, elsewhere].map((request) => decisionOn(somewhere, request).state)).toEqual([
      'open',
      'open',
      'denied',
    ]);
  });

  it.each<readonly [string, Policy<ConnectionRequest>]>([
    ['denials and no opinion', anyOf(denies('one'), abstains())],
    ['denials and a refusal', anyOf(denies('one'), declines('two'))],
    ['denials alone', anyOf(denies('one'), denies('two'))],
    ['a grant after a denial', anyOf(denies('one'), grants('two'))],
  ])('comes to the same before and after one that grants: %s', (_what, policy) => {
    const [before] = answersTo((verdict$) => verdict$.pipe(policy, grants('outside')), open);
    const [after] = answersTo((verdict$) => verdict$.pipe(grants('outside'), policy), open);

    expect(before?.state).toBe(after?.state);
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

    expect(answersTo(anyOf(failing, abstains()), consider(ann, context))).toMatchObject([
      { state: 'open', declined: { by: 'directory', reason: DenyReason.PolicyFailed } },
    ]);
    expect(context.reports).toEqual([report, report, report]);
  });

  it('leaves the report to the server where the failure is the verdict', () => {
    const context = policyContext();
    const failing = denies<ConnectionRequest>('directory', DenyReason.PolicyFailed, 'no directory');

    expect(answersTo(anyOf(failing, denies('no')), consider(ann, context))).toMatchObject([
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
    expect(decisionOn(signIn, password('wrong'))).toEqual(
      declinedBy('grantPassword', password('wrong'), DenyReason.BadCredential),
    );
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
  const refusal = scripts.find(({ says }) => says !== 'nothing');
  if (refusal === undefined) return verdict;
  const { by, reason } = refusal;
  return scripts.every(({ says }) => says === 'deny')
    ? deniedBy(by, verdict.request, reason)
    : { ...verdict, declined: { by, reason } };
}
