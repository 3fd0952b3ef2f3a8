import { describe, expect, it } from 'vitest';

import { maxPerSource } from '../../../../src/handlers/policies/limits/max-per-source.js';
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

const waiting = () => held({ kind: 'connection' });
const comeFrom = (policy: Policy<ConnectionRequest>, address: string): BegunGrant =>
  beginGrant(decisionOn(policy, knock(address)), waiting());
const stateOf = (policy: Policy<ConnectionRequest>, address: string) => decisionOn(policy, knock(address)).state;

describe('maxPerSource', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'maxPerSource',
    make: (options) => maxPerSource(2, options),
    decides: knock('192.0.2.1'),
    leases: 1,
  });

  it(
    'denies the connection beyond the limit of its network, and no other',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const policy = maxPerSource<ConnectionRequest>(1);
      const [ann, bob] = [knock('192.0.2.1'), knock('192.0.2.2')];
      const live = comeFrom(policy, '192.0.2.1');
      const source = hot('  -a-b---a-|', { a: consider<ConnectionRequest>(ann), b: consider<ConnectionRequest>(bob) });
      const end = hot('     -----e----');
      const expected = '    -A-b---a-|';
      const subs = '        ^--------!';
      end.subscribe(() => {
        live.end();
      });

      expectObservable(source.pipe(policy)).toBe(expected, {
        A: deniedBy('maxPerSource', ann, DenyReason.LimitReached),
        a: { state: 'open', request: ann, leases: [expect.anything()] },
        b: { state: 'open', request: bob, leases: [expect.anything()] },
      });
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('takes a single IPv4 address and an IPv6 /64 for a network', () => {
    const policy = maxPerSource<ConnectionRequest>(1);
    comeFrom(policy, '192.0.2.1');
    comeFrom(policy, '2001:db8:0:1::1');

    expect(stateOf(policy, '::ffff:192.0.2.1')).toBe('denied');
    expect(stateOf(policy, '192.0.2.0')).toBe('open');
    expect(stateOf(policy, '2001:db8:0:1:ffff::1')).toBe('denied');
    expect(stateOf(policy, '2001:db8:0:2::1')).toBe('open');
  });

  it('takes for a network what it is told', () => {
    const policy = maxPerSource<ConnectionRequest>(1, { ipv4Prefix: 24, ipv6Prefix: 48 });
    comeFrom(policy, '192.0.2.1');
    comeFrom(policy, '2001:db8:0:1::1');

    expect(stateOf(policy, '192.0.2.255')).toBe('denied');
    expect(stateOf(policy, '192.0.3.1')).toBe('open');
    expect(stateOf(policy, '2001:db8:0:2::1')).toBe('denied');
    expect(stateOf(policy, '2001:db8:1:1::1')).toBe('open');
  });

  it('does not limit peers without an address, and attaches nothing for them', () => {
    const policy = maxPerSource<ConnectionRequest>(1);
    const verdicts = [1, 2, 3].map(() => decisionOn(policy, knock('')));
    for (const verdict of verdicts) beginGrant(verdict);

    expect(verdicts).toEqual([1, 2, 3].map(() => consider(knock(''))));
  });

  it('counts a connection to its end, even if somebody signs in on it', () => {
    const policy = maxPerSource<ConnectionRequest>(1);
    const thing = waiting();
    const grant = beginGrant(decisionOn(policy, knock('192.0.2.1')), thing);
    thing.authenticate({ user: 'ann', method: 'password' });
    expect(stateOf(policy, '192.0.2.1')).toBe('denied');

    grant.end();
    expect(stateOf(policy, '192.0.2.1')).toBe('open');
  });

  it('revokes the later one of two that were decided at once, with a reason', () => {
    const policy = maxPerSource<ConnectionRequest>(1);
    const verdicts = [decisionOn(policy, knock('192.0.2.1')), decisionOn(policy, knock('192.0.2.1'))];

    expect(verdicts.map((verdict) => beginGrant(verdict, waiting()).signals)).toEqual([
      [],
      [{ type: 'revoke', reason: 'there are too many connections from your network', by: 'maxPerSource' }],
    ]);
  });

  it('counts the connections of several servers together that share it', () => {
    const policy = maxPerSource<ConnectionRequest>(1);
    const [one, two] = [policyContext(), policyContext()];
    const [first = consider(knock('192.0.2.1'))] = answersTo(policy, consider(knock('192.0.2.1'), one));
    beginGrant(first, waiting());

    // The second server numbers its connections like the first one.
    expect(answersTo(policy, consider(knock('192.0.2.1'), two))[0]?.state).toBe('denied');
  });

  describe('unauthenticatedOnly', () => {
    const policyOfOne = (): Policy<ConnectionRequest> => maxPerSource(1, { unauthenticatedOnly: true });

    it('counts a connection until somebody has signed in on it', () => {
      const policy = policyOfOne();
      const thing = waiting();
      beginGrant(decisionOn(policy, knock('192.0.2.1')), thing);
      expect(stateOf(policy, '192.0.2.1')).toBe('denied');

      thing.authenticate({ user: 'ann', method: 'password' });
      expect(stateOf(policy, '192.0.2.1')).toBe('open');
    });

    it('counts a connection that ends before', () => {
      const policy = policyOfOne();
      comeFrom(policy, '192.0.2.1').end();

      expect(stateOf(policy, '192.0.2.1')).toBe('open');
    });

    it('leaves somebody who is signed in and asked again, however many wait', () => {
      const policy = policyOfOne();
      comeFrom(policy, '192.0.2.1');
      const asked: Verdict<ConnectionRequest> = {
        ...grantedBy('earlier', knock('192.0.2.1')),
        context: policyContext({ reevaluation: true }),
      };
      const [signedIn = asked, starting = asked] = answersTo(policy, asked, {
        ...asked,
        request: knock('192.0.2.1'),
      });
      const thing = waiting();
      thing.authenticate({ user: 'ann', method: 'password' });

      expect(beginGrant(signedIn, thing).signals).toEqual([]);
      expect(beginGrant(starting, waiting()).signals).toEqual([
        { type: 'revoke', reason: 'too many connections from your network have not signed in', by: 'maxPerSource' },
      ]);
    });
  });

  it('refuses options out of range', () => {
    expect(() => maxPerSource(0)).toThrow(optionError('maxPerSource: limit must be an integer of at least 1, got 0'));
    expect(() => maxPerSource(1, { ipv4Prefix: 33 })).toThrow(
      optionError('maxPerSource: ipv4Prefix must be an integer from 0 to 32, got 33'),
    );
    expect(() => maxPerSource(1, { ipv6Prefix: 129 })).toThrow(
      optionError('maxPerSource: ipv6Prefix must be an integer from 0 to 128, got 129'),
    );
    // @ts-expect-error it is a switch
    expect(() => maxPerSource(1, { unauthenticatedOnly: 'yes' })).toThrow(
      optionError("maxPerSource: unauthenticatedOnly must be true or false, got 'yes'"),
    );
  });
});
