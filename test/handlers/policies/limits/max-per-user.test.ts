import { describe, expect, it } from 'vitest';

import { maxPerUser } from '../../../../src/handlers/policies/limits/max-per-user.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHChannelOpenRequest } from '../../../../src/streams/events/ssh-channel-open-request.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { authRequest } from '../../../../src/testing/auth-request.js';
import { channelOpen } from '../../../../src/testing/channel-open.js';
import { held } from '../../../../src/testing/held.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { marbles } from '../../../support/marbles.js';
import { beginGrant } from '../begin-grant.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { authRequests } from '../requests.js';
import { answersTo, decisionOn, deniedBy, grantedBy } from '../verdicts.js';

const signIn = (user: string, connection: number): SSHUserAuthRequest =>
  authRequest.password(user, 'secret', { connection });
const open = (user: string, channel: number): SSHChannelOpenRequest => channelOpen.session({ user, channel });
const signedIn = () => held({ kind: 'connection', identity: { user: 'ann', method: 'password' } });

describe('maxPerUser of connections', () => {
  obeysTheLawsOfPolicies<SSHUserAuthRequest>({
    name: 'maxPerUser',
    make: (options) => maxPerUser(2, { scope: 'connections', ...options }),
    decides: signIn('ann', 1),
    leases: 1,
  });

  it(
    'denies the sign-in beyond the limit of the user, and no other user',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const policy = maxPerUser(1, { scope: 'connections' });
      const [ann, bob] = [signIn('ann', 2), signIn('bob', 3)];
      const live = beginGrant(decisionOn(policy, signIn('ann', 1)), signedIn());
      const source = hot('  -a-b---a-|', { a: consider(ann), b: consider(bob) });
      const end = hot('     -----e----');
      const expected = '    -A-b---a-|';
      const subs = '        ^--------!';
      end.subscribe(() => {
        live.end();
      });

      expectObservable(source.pipe(policy)).toBe(expected, {
        A: deniedBy('maxPerUser', ann, DenyReason.LimitReached),
        a: { state: 'open', request: ann, leases: [expect.anything()] },
        b: { state: 'open', request: bob, leases: [expect.anything()] },
      });
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('does not count who only tries: nobody takes the places of others', () => {
    const policy = maxPerUser(1, { scope: 'connections' });
    for (let connection = 1; connection < 20; connection += 1) decisionOn(policy, signIn('ann', connection));

    expect(beginGrant(decisionOn(policy, signIn('ann', 20)), signedIn()).revoked).toBe(false);
  });

  it('counts a connection once that signs in by several steps', () => {
    const policy = maxPerUser(1, { scope: 'connections' });
    const { connection } = signIn('ann', 1);
    const steps = Object.values(authRequests).map((request) => decisionOn(policy, { ...request, connection }));
    const grants = steps.map((verdict) => beginGrant(verdict, signedIn()));

    expect(grants.flatMap(({ signals }) => signals)).toEqual([]);
  });

  it('revokes the later one of two sign-ins that were decided at once, with a reason', () => {
    const policy = maxPerUser(1, { scope: 'connections' });
    const verdicts = [decisionOn(policy, signIn('ann', 1)), decisionOn(policy, signIn('ann', 2))];

    expect(verdicts.map((verdict) => beginGrant(verdict, signedIn()).signals)).toEqual([
      [],
      [{ type: 'revoke', reason: 'you are signed in too many times at once', by: 'maxPerUser' }],
    ]);
  });

  it('leaves a user in who is asked again', () => {
    const policy = maxPerUser(1, { scope: 'connections' });
    const request = signIn('ann', 1);
    const old = beginGrant(decisionOn(policy, request), signedIn());
    const asked: Verdict<SSHUserAuthRequest> = {
      ...grantedBy('earlier', request),
      context: policyContext({ reevaluation: true }),
    };
    const [again = asked] = answersTo(policy, asked);

    expect(beginGrant(again, signedIn()).signals).toEqual([]);
    old.end();
    expect(decisionOn(policy, signIn('ann', 2)).state).toBe('denied');
  });
});

describe('maxPerUser of channels', () => {
  obeysTheLawsOfPolicies<SSHChannelOpenRequest>({
    name: 'maxPerUser',
    make: (options) => maxPerUser(2, { scope: 'channels', ...options }),
    decides: open('ann', 0),
    leases: 1,
  });

  it('denies the channel beyond the limit of the user, on whichever connection', () => {
    const policy = maxPerUser(2, { scope: 'channels' });
    const first = beginGrant(decisionOn(policy, open('ann', 0)));
    beginGrant(decisionOn(policy, channelOpen.session({ user: 'ann', connection: 2 })));
    const third = open('ann', 1);
    expect(decisionOn(policy, third)).toEqual(deniedBy('maxPerUser', third, DenyReason.LimitReached));
    expect(decisionOn(policy, open('bob', 0)).state).toBe('open');

    first.end();
    expect(decisionOn(policy, third).state).toBe('open');
  });

  it('counts channels of several servers together, though their ids are the same', () => {
    const policy = maxPerUser(1, { scope: 'channels' });
    beginGrant(decisionOn(policy, open('ann', 0)));

    expect(decisionOn(policy, open('ann', 0)).state).toBe('denied');
  });

  it('revokes the later one of two channels that were decided at once, with a reason', () => {
    const policy = maxPerUser(1, { scope: 'channels' });
    const verdicts = [decisionOn(policy, open('ann', 0)), decisionOn(policy, open('ann', 1))];

    expect(verdicts.map((verdict) => beginGrant(verdict).signals)).toEqual([
      [],
      [{ type: 'revoke', reason: 'you have too many channels open at once', by: 'maxPerUser' }],
    ]);
  });
});

describe('maxPerUser', () => {
  it('refuses options out of range', () => {
    expect(() => maxPerUser(0, { scope: 'channels' })).toThrow(
      optionError('maxPerUser: limit must be an integer of at least 1, got 0'),
    );
    // @ts-expect-error one of two
    expect(() => maxPerUser(1, { scope: 'sessions' })).toThrow(
      optionError("maxPerUser: scope must be 'connections' or 'channels', got 'sessions'"),
    );
  });
});
