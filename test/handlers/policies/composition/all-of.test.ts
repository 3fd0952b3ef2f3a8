import fc from 'fast-check';
import { NEVER, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { allOf } from '../../../../src/handlers/policies/composition/all-of.js';
import { grantKeyboardInteractive } from '../../../../src/handlers/policies/authentication/grant-keyboard-interactive.js';
import { grantPassword } from '../../../../src/handlers/policies/authentication/grant-password.js';
import { grantPublicKey } from '../../../../src/handlers/policies/authentication/grant-public-key.js';
import { grantWhen } from '../../../../src/handlers/policies/composition/grant-when.js';
import { named } from '../../../../src/handlers/policies/composition/named.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { SSHChannelRequest } from '../../../../src/streams/events/ssh-channel-request.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { Lease } from '../../../../src/streams/lease.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { consider, serveWith, type Verdict } from '../../../../src/streams/verdict.js';
import { marbles } from '../../../support/marbles.js';
import { keyOf, lineOf } from '../keys.js';
import { abstains, answersWith, declines, denies, grants, isSilent, late, watched } from '../members.js';
import { type MemberScript, memberScript, scripted } from '../member-scripts.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { exec, interactiveAnswer, interactiveStart, knock, none, offered, password, proven } from '../requests.js';
import { answersTo, decisionOn, declinedBy, denied, deniedBy, granted, grantedBy, leased } from '../verdicts.js';

const ann = knock('192.0.2.1');
const lease = (): Lease => () => NEVER;

describe('allOf', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'named',
    make: ({ name = 'all' }) => named(name, allOf(grants('one'), grants('two'))),
    decides: ann,
  });

  it('grants what all grant, in the names of all', () => {
    expect(decisionOn(allOf(grants<ConnectionRequest>('key'), grants('office')), ann)).toEqual(
      grantedBy('key and office', ann),
    );
    expect(decisionOn(allOf(grants<ConnectionRequest>('key'), grants('key')), ann)).toEqual(grantedBy('key', ann));
  });

  it('leaves open what one of them has no opinion about', () => {
    const open = consider<ConnectionRequest>(ann);

    expect(decisionOn(allOf(grants<ConnectionRequest>('key'), abstains()), ann)).toEqual(open);
    expect(decisionOn(allOf(abstains<ConnectionRequest>(), grants('key')), ann)).toEqual(open);
  });

  it('shows each of them the verdict as it came in', () => {
    const second = watched(abstains<ConnectionRequest>());
    const verdict = leased<ConnectionRequest>(ann);
    answersTo(allOf(grants('key', lease()), second.policy), verdict);

    expect(second.asked).toEqual([verdict]);
  });

  it('denies with the first denial, and asks nobody after it', () => {
    const third = watched(denies<ConnectionRequest>('third'));
    const policy = allOf(grants('first'), denies('second', DenyReason.OutsideHours), third.policy);

    expect(decisionOn(policy, ann)).toEqual(deniedBy('second', ann, DenyReason.OutsideHours));
    expect(third.asked).toEqual([]);
  });

  it('declines what one of them declines though the others grant, for the first reason', () => {
    const policy = allOf<ConnectionRequest>(
      grants('key'),
      declines('first', DenyReason.BadCredential),
      declines('second', DenyReason.KeyNotAccepted),
    );

    expect(decisionOn(policy, ann)).toEqual(declinedBy('first', ann, DenyReason.BadCredential));
  });

  it('keeps the reason of somebody before it, and grants what was declined', () => {
    const before = declinedBy<ConnectionRequest>('before', ann, DenyReason.KeyNotAccepted);

    expect(answersTo(allOf(grants('key'), declines('it')), before)).toEqual([before]);
    expect(answersTo(allOf(grants('key')), before)).toMatchObject([{ state: 'granted', by: 'key' }]);
  });

  it('denies after one that declines', () => {
    expect(decisionOn(allOf(declines<ConnectionRequest>('one'), denies('it')), ann)).toEqual(
      deniedBy('it', ann, DenyReason.NotPermitted),
    );
  });

  it('denies after one that has no opinion, too', () => {
    expect(decisionOn(allOf(abstains<ConnectionRequest>(), denies('it')), ann).state).toBe('denied');
  });

  it('leaves a granted verdict to those who granted it, unless one denies', () => {
    const verdict = granted<ConnectionRequest>(ann);

    expect(answersTo(allOf(abstains(), grants('key')), verdict)).toEqual([verdict]);
    expect(answersTo(allOf(abstains(), denies('it')), verdict)).toEqual([deniedBy('it', ann, DenyReason.NotPermitted)]);
  });

  it('merges the leases of all, each once and in order, whether the grant counts or not', () => {
    const [first, second, shared] = [lease(), lease(), lease()];
    const verdict = leased<ConnectionRequest>(ann);
    const before = verdict.state === 'open' ? verdict.leases : [];
    const merged = [...before, first, shared, second];

    const [all] = answersTo(allOf(grants('a', first, shared), grants('b', shared, second)), verdict);
    const [some] = answersTo(allOf(grants('a', first, shared), abstains(shared, second)), verdict);

    expect(all).toMatchObject({ state: 'granted' });
    expect(some).toMatchObject({ state: 'open' });
    for (const answer of [all, some]) {
      const leases = answer?.state === 'denied' ? undefined : answer?.leases;
      expect(leases).toHaveLength(merged.length);
      leases?.forEach((it, index) => {
        expect(it).toBe(merged[index]);
      });
    }
  });

  it('serves with the first that has a service', () => {
    const request = exec('uptime');
    const [one, two] = [() => NEVER, () => NEVER];
    const serving = (by: string, serve: () => Observable<never>): Policy<SSHChannelRequest> =>
      // Only who serves is asked here, not what.
      answersWith((verdict) => serveWith(verdict, by, serve as never));

    expect(decisionOn(allOf(grants('a'), serving('b', one), serving('c', two)), request)).toMatchObject({ serve: one });
  });

  it(
    'waits for each in turn, and holds up nobody else',
    marbles(({ cold, hot, expectObservable }) => {
      const bob = knock('192.0.2.2');
      const source = hot('  a-b--------|', {
        a: consider<ConnectionRequest>(ann),
        b: consider<ConnectionRequest>(bob),
      });
      const slow$ = cold('  --(x|)');
      const policy = allOf<ConnectionRequest>(late(grants('it'), slow$), late(grants('it'), slow$));
      const expected = '    ----A-B----|';

      expectObservable(source.pipe(policy)).toBe(expected, { A: grantedBy('it', ann), B: grantedBy('it', bob) });
    }),
  );

  it('holds a request that one of them is silent about', () => {
    expect(answersTo(allOf<ConnectionRequest>(grants('it'), isSilent()), consider(ann))).toEqual([]);
  });

  it('refuses to be made of nothing, which everybody would satisfy, and of what is no policy', () => {
    expect(() => allOf()).toThrow(optionError('allOf: policies must be one or more, got []'));
    // @ts-expect-error a policy is a function
    expect(() => allOf(abstains(), 'key')).toThrow(optionError("allOf: policy 2 must be a function, got 'key'"));
  });

  describe('in authentication', () => {
    const listed = keyOf(1);
    const inOffice = grantWhen<SSHUserAuthRequest>((it) => it.connection.remoteAddress === '192.0.2.7', {
      name: 'office',
    });
    const keyInOffice = allOf(grantPublicKey(lineOf(listed)), inOffice);

    it.each<readonly [string, SSHUserAuthRequest, object]>([
      ['accepts the offer of a key', offered(listed), { state: 'granted', by: 'grantPublicKey' }],
      ['grants the key from the office', proven(listed), { state: 'granted', by: 'grantPublicKey and office' }],
      ['does not grant the key from elsewhere', proven(listed, 'ann', '203.0.113.1'), { state: 'open' }],
      ['does not grant another method from the office', none, { state: 'open' }],
    ])('%s', (_what, request, expected) => {
      expect(decisionOn(keyInOffice, request)).toMatchObject(expected);
    });

    it('does not accept an offer that one of them denies', () => {
      expect(decisionOn(allOf(grantPublicKey(lineOf(listed)), denies('it')), offered(listed)).state).toBe('denied');
    });

    it('asks questions, again if need be, and grants the answers if all agree', () => {
      const code = grantKeyboardInteractive({
        prompts: [{ text: 'Code: ' }],
        verify: (_user, [it]) => (it === '123456' ? true : 'again'),
      });
      const policy = allOf(inOffice, code);

      expect(decisionOn(policy, interactiveStart)).toMatchObject({ state: 'granted', challenge: { prompts: [{}] } });
      expect(decisionOn(policy, interactiveAnswer(1, 'x'))).toMatchObject({ challenge: { prompts: [{}] } });
      expect(decisionOn(policy, interactiveAnswer(1, '123456'))).toEqual(
        grantedBy('office and grantKeyboardInteractive', expect.anything() as never),
      );
    });

    it('takes two methods for no agreement, since one request cannot be both', () => {
      const policy = allOf(
        grantPublicKey(lineOf(listed)),
        grantPassword(() => true),
      );

      expect(decisionOn(policy, proven(listed)).state).toBe('open');
      expect(decisionOn(policy, password('right')).state).toBe('open');
    });
  });

  it('decides as the model does, whatever the members do', () => {
    fc.assert(
      fc.property(
        fc.array(memberScript, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('open', 'granted'),
        (scripts, state) => {
          const verdict = state === 'open' ? leased<ConnectionRequest>(ann) : granted<ConnectionRequest>(ann);
          const [decided] = answersTo(allOf(...scripts.map((script) => scripted<ConnectionRequest>(script))), verdict);

          expect(decided).toEqual(model(verdict, scripts));
        },
      ),
    );
  });

  it('never revives what was denied', () => {
    const verdict = denied<ConnectionRequest>(ann);

    expect(answersTo(allOf(grants('it')), verdict)).toEqual([verdict]);
  });
});

/** What agreement means, said another way: of each question its answer. */
function model<R>(verdict: Verdict<R>, scripts: readonly MemberScript[]): unknown {
  if (verdict.state === 'denied') return verdict;
  const refusal = scripts.find(({ says }) => says === 'deny');
  if (refusal !== undefined) return deniedBy(refusal.by, verdict.request, refusal.reason);
  const leases = [...verdict.leases];
  for (const script of scripts) for (const it of script.leases) if (!leases.includes(it)) leases.push(it);
  if (verdict.state === 'granted') return { ...verdict, leases };
  const reluctant = scripts.find(({ says }) => says === 'decline');
  if (reluctant !== undefined) {
    return { ...verdict, leases, declined: { by: reluctant.by, reason: reluctant.reason } };
  }
  if (!scripts.every(({ says }) => says === 'grant')) return { ...verdict, leases };
  const names: string[] = [];
  for (const { by } of scripts) if (!names.includes(by)) names.push(by);
  return { ...verdict, leases, state: 'granted', by: names.join(' and ') };
}
