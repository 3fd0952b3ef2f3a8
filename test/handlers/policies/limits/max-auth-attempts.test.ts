import { describe, expect, it } from 'vitest';

import { grantPassword } from '../../../../src/handlers/policies/authentication/grant-password.js';
import { maxAuthAttempts } from '../../../../src/handlers/policies/limits/max-auth-attempts.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { authRequest } from '../../../../src/testing/auth-request.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { marbles } from '../../../support/marbles.js';
import { beginGrant } from '../begin-grant.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { authRequests, interactiveAnswer, interactiveStart, none, password } from '../requests.js';
import { answersTo, decisionOn, denied, deniedBy, granted, grantedBy } from '../verdicts.js';

// All of one connection.
const guess = password('guess');
const marked = (request: SSHUserAuthRequest) => ({ state: 'open', request, leases: [expect.anything()] });
const refused = (request: SSHUserAuthRequest) => deniedBy('maxAuthAttempts', request, DenyReason.LimitReached);

describe('maxAuthAttempts', () => {
  obeysTheLawsOfPolicies<SSHUserAuthRequest>({
    name: 'maxAuthAttempts',
    make: (options) => maxAuthAttempts(3, options),
    decides: guess,
    leases: 1,
  });

  it(
    'denies the attempt beyond the limit and all after it, and grants nothing',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const values = { a: consider<SSHUserAuthRequest>(guess), n: consider<SSHUserAuthRequest>(none) };
      const source = hot('  -n-a-n-a-a-n-a-|', values);
      const expected = '    -n-a-n-a-A-n-A-|';
      const subs = '        ^--------------!';

      expectObservable(source.pipe(maxAuthAttempts(2))).toBe(expected, {
        ...values,
        a: marked(guess),
        A: refused(guess),
      });
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it.each(['password', 'proven', 'refuted', 'answered'])('counts and denies a request that can fail: %s', (kind) => {
    const request = authRequests[kind] ?? none;
    const policy = maxAuthAttempts(1);

    expect([decisionOn(policy, request), decisionOn(policy, request)]).toEqual([marked(request), refused(request)]);
  });

  it.each(['none', 'offered', 'started', 'other'])('neither counts nor denies what proves nothing: %s', (kind) => {
    const request = authRequests[kind] ?? guess;
    const policy = maxAuthAttempts(1);

    expect([1, 2, 3].map(() => decisionOn(policy, request))).toEqual([1, 2, 3].map(() => consider(request)));
    expect(decisionOn(policy, { ...guess, connection: request.connection }).state).toBe('open');
  });

  it('counts the methods of one connection together', () => {
    const policy = maxAuthAttempts(3);
    const attempts = [guess, interactiveStart, interactiveAnswer(1, 'a'), interactiveAnswer(2, 'b'), password('last')];

    expect(attempts.map((request) => decisionOn(policy, request).state)).toEqual([
      'open',
      'open',
      'open',
      'open',
      'denied',
    ]);
  });

  it('counts and limits the methods that it is told, together', () => {
    const policy = maxAuthAttempts(1, { methods: ['password', 'keyboard-interactive'] });
    const proven = { ...(authRequests['proven'] ?? none), connection: guess.connection };
    const states = [proven, guess, proven, interactiveAnswer(1, 'a'), proven].map(
      (request) => decisionOn(policy, request).state,
    );

    expect(states).toEqual(['open', 'open', 'open', 'denied', 'open']);
  });

  it('counts connections apart, also those of two servers with the same id', () => {
    const policy = maxAuthAttempts(1);
    decisionOn(policy, guess);

    expect(decisionOn(policy, guess).state).toBe('denied');
    expect(decisionOn(policy, authRequest.password('ann', 'guess')).state).toBe('open');
  });

  it('counts on across subscriptions, since the counts belong to the policy', () => {
    const policy = maxAuthAttempts(2);
    const other = maxAuthAttempts(2);
    decisionOn(policy, guess);
    decisionOn(policy, guess);

    expect([decisionOn(policy, guess).state, decisionOn(other, guess).state]).toEqual(['denied', 'open']);
  });

  it('denies the right password, too, once the attempts are used up', () => {
    const policy = maxAuthAttempts(1);
    const signIn = grantPassword((_user, text) => text === 'right');
    const outcomes = ['wrong', 'right'].flatMap((text) =>
      answersTo<SSHUserAuthRequest>((verdict$) => verdict$.pipe(policy, signIn), consider(password(text))),
    );

    expect(outcomes).toMatchObject([
      { state: 'open', declined: { by: 'grantPassword', reason: DenyReason.BadCredential } },
      { by: 'maxAuthAttempts', reason: DenyReason.LimitReached },
    ]);
  });

  it('counts what an earlier policy granted, declined or denied, so that it limits behind the policies that grant as well', () => {
    const policy = maxAuthAttempts(2);
    expect(answersTo(policy, denied(guess), granted(guess), granted(guess)).map(({ state }) => state)).toEqual([
      'denied',
      'granted',
      'denied',
    ]);

    const signIn = grantPassword((_user, text) => text === 'right');
    const behind = maxAuthAttempts(1);
    const outcomes = ['wrong', 'right'].flatMap((text) =>
      answersTo<SSHUserAuthRequest>((verdict$) => verdict$.pipe(signIn, behind), consider(password(text))),
    );
    expect(outcomes.map(({ state }) => state)).toEqual(['open', 'denied']);
  });

  it('counts a verdict once that passes twice, by a lease that says nothing', () => {
    const policy = maxAuthAttempts(2);
    const twice = (): Verdict<SSHUserAuthRequest> | undefined =>
      answersTo<SSHUserAuthRequest>(
        (verdict$) => verdict$.pipe(policy, policy),
        consider<SSHUserAuthRequest>(guess),
      )[0];
    const [first, second, third] = [twice(), twice(), twice()];

    expect([first?.state, second?.state, third?.state]).toEqual(['open', 'open', 'denied']);
    expect(first).toEqual(marked(guess));
    expect(beginGrant(first ?? denied(guess)).signals).toEqual([]);
  });

  it('does not count a request that is asked again', () => {
    const policy = maxAuthAttempts(1);
    const asked: Verdict<SSHUserAuthRequest> = {
      ...grantedBy('earlier', guess),
      context: policyContext({ reevaluation: true }),
    };

    expect(answersTo(policy, asked, asked)).toEqual([asked, asked]);
    expect(decisionOn(policy, guess).state).toBe('open');
    expect(answersTo(policy, asked)).toEqual([asked]);
  });

  it('refuses options out of range', () => {
    const rule =
      "maxAuthAttempts: methods must be an array of one or more of 'password' or 'publickey' or 'keyboard-interactive' or 'hostbased', got";

    expect(() => maxAuthAttempts(0)).toThrow(
      optionError('maxAuthAttempts: limit must be an integer of at least 1, got 0'),
    );
    expect(() => maxAuthAttempts(1, { methods: [] })).toThrow(optionError(`${rule} []`));
    // @ts-expect-error no attempt
    expect(() => maxAuthAttempts(1, { methods: ['none'] })).toThrow(optionError(`${rule} [ 'none' ]`));
    // @ts-expect-error methods is an array
    expect(() => maxAuthAttempts(1, { methods: 'password' })).toThrow(optionError(`${rule} 'password'`));
  });
});
