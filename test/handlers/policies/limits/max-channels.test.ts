import { describe, expect, it } from 'vitest';

import { maxChannels } from '../../../../src/handlers/policies/limits/max-channels.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHChannelOpenRequest } from '../../../../src/streams/events/ssh-channel-open-request.js';
import { consider } from '../../../../src/streams/verdict.js';
import { channelOpen as elsewhere } from '../../../../src/testing/channel-open.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { marbles } from '../../../support/marbles.js';
import { beginGrant } from '../begin-grant.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { channelOpen } from '../requests.js';
import { answersTo, decisionOn, deniedBy, grantedBy } from '../verdicts.js';

// All of one connection.
const session = (): SSHChannelOpenRequest => channelOpen({ type: 'session' });
const tunnel = (): SSHChannelOpenRequest =>
  channelOpen({
    type: 'direct-tcpip',
    hostToConnect: 'db.example.com',
    portToConnect: 5432,
    originatorAddress: '127.0.0.1',
    originatorPort: 40_000,
  });

describe('maxChannels', () => {
  obeysTheLawsOfPolicies<SSHChannelOpenRequest>({
    name: 'maxChannels',
    make: (options) => maxChannels(2, options),
    decides: session(),
    leases: 1,
  });

  it(
    'denies the channel beyond the limit while the others are open',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const policy = maxChannels(1);
      const request = tunnel();
      const live = beginGrant(decisionOn(policy, session()));
      const source = hot('  -a---a-|', { a: consider(request) });
      const end = hot('     ---e----');
      const expected = '    -A---a-|';
      const subs = '        ^------!';
      end.subscribe(() => {
        live.end();
      });

      expectObservable(source.pipe(policy)).toBe(expected, {
        A: deniedBy('maxChannels', request, DenyReason.LimitReached),
        a: { state: 'open', request, leases: [expect.anything()] },
      });
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('lets exactly as many be open as it says, on each connection', () => {
    const policy = maxChannels(2);
    beginGrant(decisionOn(policy, session()));
    expect(decisionOn(policy, session()).state).toBe('open');
    beginGrant(decisionOn(policy, session()));
    expect(decisionOn(policy, session()).state).toBe('denied');

    // Another server numbers its connections and channels alike.
    expect(decisionOn(policy, elsewhere.session()).state).toBe('open');
  });

  it('counts and limits the types that it is told, together', () => {
    const policy = maxChannels(1, { types: ['direct-tcpip', 'direct-streamlocal@openssh.com'] });
    const [first, second] = [session(), session()];
    expect([first, second].map((request) => decisionOn(policy, request))).toEqual([consider(first), consider(second)]);

    beginGrant(decisionOn(policy, tunnel()));
    expect(decisionOn(policy, tunnel()).state).toBe('denied');
    expect(decisionOn(policy, session()).state).toBe('open');
    const toSocket = { ...tunnel(), channelType: 'direct-streamlocal@openssh.com' };
    expect(decisionOn(policy, toSocket).state).toBe('denied');
  });

  it('revokes the later one of two that were decided at once, with a reason', () => {
    const policy = maxChannels(1);
    const verdicts = [decisionOn(policy, session()), decisionOn(policy, session())];

    expect(verdicts.map((verdict) => beginGrant(verdict).signals)).toEqual([
      [],
      [{ type: 'revoke', reason: 'this connection has too many channels open', by: 'maxChannels' }],
    ]);
  });

  it('counts a channel once, though its verdict passes twice or is asked again', () => {
    const policy = maxChannels(2);
    const request = session();
    const [verdict = consider(request)] = answersTo((verdict$) => verdict$.pipe(policy, policy), consider(request));
    beginGrant(verdict);
    const context = policyContext({ reevaluation: true });
    for (const again of answersTo(policy, { ...grantedBy('earlier', request), context })) beginGrant(again);

    expect(decisionOn(policy, session()).state).toBe('open');
    beginGrant(decisionOn(policy, session()));
    expect(decisionOn(policy, session()).state).toBe('denied');
  });

  it('refuses options out of range', () => {
    const rule = 'maxChannels: types must be an array of one or more names, got';

    expect(() => maxChannels(0)).toThrow(optionError('maxChannels: limit must be an integer of at least 1, got 0'));
    expect(() => maxChannels(1, { types: [] })).toThrow(optionError(`${rule} []`));
    expect(() => maxChannels(1, { types: [''] })).toThrow(optionError(`${rule} [ '' ]`));
    // @ts-expect-error types is an array
    expect(() => maxChannels(1, { types: 'session' })).toThrow(optionError(`${rule} 'session'`));
    // @ts-expect-error types are texts
    expect(() => maxChannels(1, { types: [1] })).toThrow(optionError(`${rule} [ 1 ]`));
  });
});
