import { NEVER, of } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { named } from '../../../../src/handlers/policies/composition/named.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { Lease, LeaseSignal } from '../../../../src/streams/lease.js';
import { restrictionOf, restrictWith } from '../../../../src/streams/restriction.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { channelOpen } from '../../../../src/testing/channel-open.js';
import { held } from '../../../../src/testing/held.js';
import { abstains, answersWith, declines, denies, grants } from '../members.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { knock } from '../requests.js';
import { answersTo, decisionOn, declinedBy, deniedBy, granted, grantedBy, lease, leased } from '../verdicts.js';

const ann = knock('192.0.2.1');

const leasesOf = (verdict: Verdict<unknown> | undefined): readonly Lease[] =>
  verdict === undefined || verdict.state === 'denied' ? [] : verdict.leases;

function signalsOf(it: Lease | undefined): readonly LeaseSignal[] {
  const signals: LeaseSignal[] = [];
  const signal$ = typeof it === 'function' ? it(held()) : it;
  signal$?.subscribe((signal) => signals.push(signal));
  return signals;
}

describe('named', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'named',
    make: ({ name = 'office' }) => named(name, grants('it')),
    decides: ann,
  });

  it('gives its name to grants and denials', () => {
    expect(decisionOn(named('office', grants<ConnectionRequest>('it')), ann)).toEqual(grantedBy('office', ann));
    expect(
      decisionOn(named('office', denies<ConnectionRequest>('it', DenyReason.PolicyFailed, 'broken')), ann),
    ).toEqual(deniedBy('office', ann, DenyReason.PolicyFailed, 'broken'));
  });

  it('gives its name to what the policy declines, and to nothing that others have', () => {
    const policy = named('office', declines<ConnectionRequest>('it', DenyReason.BadCredential));
    const before = declinedBy<ConnectionRequest>('before', ann, DenyReason.KeyNotAccepted);

    expect(decisionOn(policy, ann)).toEqual(declinedBy('office', ann, DenyReason.BadCredential));
    expect(answersTo(policy, before)).toEqual([before]);
  });

  it('leaves what others have granted in their names', () => {
    const verdict = granted<ConnectionRequest>(ann);

    expect(answersTo(named('office', abstains()), verdict)).toEqual([verdict]);
    expect(answersTo(named('office', denies('it')), verdict)).toEqual([
      deniedBy('office', ann, DenyReason.NotPermitted),
    ]);
  });

  it('gives its name to the revocations of the leases that the policy adds, and to no other signal', () => {
    const signals: readonly LeaseSignal[] = [
      { type: 'warn', message: 'soon' },
      { type: 'revoke', reason: 'over', by: 'it', graceMs: 5 },
    ];
    const renamed = [signals[0], { type: 'revoke', reason: 'over', by: 'office', graceMs: 5 }];
    const policy = named(
      'office',
      abstains<ConnectionRequest>(of(...signals), () => of(...signals)),
    );
    const [earlier, plain, made] = leasesOf(answersTo(policy, leased<ConnectionRequest>(ann))[0]);

    expect(earlier).toBe(lease);
    expect(signalsOf(plain)).toEqual(renamed);
    expect(signalsOf(made)).toEqual(renamed);
  });

  it('keeps one lease one lease, however many verdicts carry it', () => {
    const policy = named(
      'office',
      abstains<ConnectionRequest>(() => NEVER),
    );
    const [one, two] = answersTo(policy, consider<ConnectionRequest>(ann), consider<ConnectionRequest>(ann));

    expect(leasesOf(one)).toHaveLength(1);
    expect(leasesOf(one)[0]).toBe(leasesOf(two)[0]);
  });

  it('keeps what a lease restricts, even in methods, under its own name', () => {
    class NoCommands {
      readonly by = 'it';
      readonly command = 'uptime';
      allows(): boolean {
        return false;
      }
    }
    const policy = named('office', abstains<ConnectionRequest>(restrictWith(new NoCommands())));
    const [restricting] = leasesOf(answersTo(policy, consider<ConnectionRequest>(ann))[0]);
    const restriction = restricting && restrictionOf(restricting);

    expect(restriction?.by).toBe('office');
    expect(restriction?.command).toBe('uptime');
    expect(restriction?.allows?.(channelOpen.session())).toBe(false);
  });

  it('keeps what a grant serves', () => {
    const serving = answersWith<ConnectionRequest>((verdict) => ({ ...verdict, state: 'granted', by: 'it', serve: 1 }));

    expect(decisionOn(named('office', serving), ann)).toMatchObject({ by: 'office', serve: 1 });
  });

  it('refuses what is no policy', () => {
    // @ts-expect-error a policy is a function
    expect(() => named('office', undefined)).toThrow(optionError('named: policy must be a function, got undefined'));
  });
});
