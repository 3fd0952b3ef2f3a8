import { describe, expect, it } from 'vitest';

import { forUsers } from '../../../../src/handlers/policies/composition/for-users.js';
import { grantPassword } from '../../../../src/handlers/policies/authentication/grant-password.js';
import { named } from '../../../../src/handlers/policies/composition/named.js';
import type { SSHChannelRequest } from '../../../../src/streams/events/ssh-channel-request.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import { consider } from '../../../../src/streams/verdict.js';
import { marbles } from '../../../support/marbles.js';
import { abstains, denies, grants, watched } from '../members.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { exec, password } from '../requests.js';
import { answersTo, decisionOn, granted, grantedBy } from '../verdicts.js';

const ann = password('right', 'ann');
const bob = password('right', 'bob');

const values = {
  a: consider<SSHUserAuthRequest>(ann),
  b: consider<SSHUserAuthRequest>(bob),
  A: grantedBy<SSHUserAuthRequest>('it', ann),
};

describe('forUsers', () => {
  obeysTheLawsOfPolicies<SSHUserAuthRequest>({
    name: 'named',
    make: ({ name = 'ann' }) => named(name, forUsers(['ann'], grants('it'))),
    decides: ann,
    spares: bob,
  });

  it(
    'applies the policy to the users named, and lets the others pass',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a-b-(ba)|', values);
      const expected = '    -A-b-(bA)|';
      const subs = '        ^--------!';

      expectObservable(source.pipe(forUsers(['ann'], grants('it')))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it.each([
    [['ext-*'], 'ext-carol', true],
    [['ext-*'], 'ann', false],
    [['bo?'], 'bob', true],
    [['bo?'], 'bobby', false],
    [['root', 'an*'], 'ann', true],
    [['Ann'], 'ann', false],
    [['*'], '', true],
  ])('takes %j for %j: %s', (patterns, user, applies) => {
    const policy = forUsers<SSHUserAuthRequest>(patterns, grants('it'));

    expect(decisionOn(policy, password('x', user)).state).toBe(applies ? 'granted' : 'open');
  });

  it('goes by who has signed in where a request comes after authentication', () => {
    expect(decisionOn(forUsers<SSHChannelRequest>(['ann'], denies('it')), exec('true')).state).toBe('denied');
    expect(decisionOn(forUsers<SSHChannelRequest>(['bob'], denies('it')), exec('true')).state).toBe('open');
  });

  it('never shows the policy what it does not apply to', () => {
    const member = watched(denies<SSHUserAuthRequest>('it'));

    expect(answersTo(forUsers(['ann'], member.policy), granted<SSHUserAuthRequest>(bob))).toEqual([granted(bob)]);
    expect(member.asked).toEqual([]);
  });

  it('takes policies of the catalogue', () => {
    const policy = forUsers(
      ['ann'],
      grantPassword((_user, text) => text === 'right'),
    );

    expect(decisionOn(policy, ann)).toEqual(grantedBy('grantPassword', ann));
    expect(decisionOn(policy, password('wrong', 'bob')).state).toBe('open');
  });

  it('refuses patterns that cannot be meant, and what is no policy', () => {
    expect(() => forUsers([], abstains<SSHUserAuthRequest>())).toThrow(
      optionError('forUsers: patterns must be an array of one or more names, got []'),
    );
    expect(() => forUsers([''], abstains<SSHUserAuthRequest>())).toThrow(
      optionError("forUsers: patterns must be an array of one or more names, got [ '' ]"),
    );
    // @ts-expect-error the patterns are an array
    expect(() => forUsers('ann', abstains<SSHUserAuthRequest>())).toThrow(
      optionError("forUsers: patterns must be an array of one or more names, got 'ann'"),
    );
    // @ts-expect-error a policy is a function
    expect(() => forUsers(['ann'], {})).toThrow(optionError('forUsers: policy must be a function, got {}'));
  });
});
