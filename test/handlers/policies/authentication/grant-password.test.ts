import { EMPTY, of } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import { grantPassword, type VerifyPassword } from '../../../../src/handlers/policies/authentication/grant-password.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { Secret } from '../../../../src/streams/secret.js';
import { consider } from '../../../../src/streams/verdict.js';
import { marbles } from '../../../support/marbles.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { authRequests, password } from '../requests.js';
import { answersTo, decisionOn, declinedBy, deniedBy, granted, grantedBy } from '../verdicts.js';

const right = password('right');
const wrong = password('wrong');
const isRight: VerifyPassword = (_user, text) => text === 'right';

const values = {
  r: consider<SSHUserAuthRequest>(right),
  w: consider<SSHUserAuthRequest>(wrong),
  R: grantedBy<SSHUserAuthRequest>('grantPassword', right),
  W: declinedBy<SSHUserAuthRequest>('grantPassword', wrong, DenyReason.BadCredential),
  F: deniedBy<SSHUserAuthRequest>('grantPassword', wrong, DenyReason.PolicyFailed, 'broken'),
};

describe('grantPassword', () => {
  obeysTheLawsOfPolicies<SSHUserAuthRequest>({
    name: 'grantPassword',
    make: (options) => grantPassword(isRight, options),
    decides: right,
  });

  it(
    'grants the right password and declines the wrong one, at once',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -r-w-(rw)|', values);
      const expected = '    -R-W-(RW)|';
      const subs = '        ^--------!';

      expectObservable(source.pipe(grantPassword(isRight))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it(
    'checks passwords side by side',
    marbles(({ cold, hot, expectObservable }) => {
      const answers = { y: true, n: false };
      const source = hot('  wr-----|', values);
      const takes4 = cold('  ----(n|)', answers);
      const takes1 = cold('   -(y|)', answers);
      const expected = '    --R-W--|';
      const policy = grantPassword((_user, text) => (text === 'right' ? takes1 : takes4));

      expectObservable(source.pipe(policy)).toBe(expected, values);
    }),
  );

  it(
    'denies only the request whose check fails',
    marbles(({ cold, hot, expectObservable }) => {
      const source = hot('  wr-----|', values);
      const fails = cold<boolean>('   --#', {}, 'broken');
      const expected = '    -RF----|';
      const policy = grantPassword((_user, text) => text === 'right' || fails);

      expectObservable(source.pipe(policy)).toBe(expected, values);
    }),
  );

  it('hands the user, the text of the password and the request to verify', () => {
    const verify = vi.fn(() => true);
    const request = password('opener', 'bob');

    answersTo<SSHUserAuthRequest>(grantPassword(verify), consider<SSHUserAuthRequest>(request));

    expect(verify).toHaveBeenCalledExactlyOnceWith('bob', 'opener', request);
  });

  it.each([
    ['completes without a value', () => EMPTY],
    ['says no before it says yes', () => of(false, true)],
    // JavaScript may answer with anything.
    ['answers undefined', () => undefined as unknown as boolean],
    ['answers a text', () => 'true' as unknown as boolean],
  ])('declines if verify %s', (_what, verify) => {
    expect(decisionOn<SSHUserAuthRequest>(grantPassword(verify), wrong)).toEqual(values.W);
  });

  it('denies what verify throws on, with the cause', () => {
    const cause = new Error('no database');
    const policy = grantPassword((_user, text) => {
      if (text === 'wrong') throw cause;
      return true;
    });

    expect(answersTo(policy, values.w, values.r)).toEqual([
      deniedBy<SSHUserAuthRequest>('grantPassword', wrong, DenyReason.PolicyFailed, cause),
      values.R,
    ]);
  });

  it.each([
    ['grants what a promise confirms', Promise.resolve(true), grantedBy('grantPassword', wrong)],
    ['declines what a promise does not confirm', Promise.resolve(false), values.W],
  ])('%s', async (_what, answer, expected) => {
    const verdict = await new Promise((resolve) => {
      of(values.w)
        .pipe(grantPassword(() => answer))
        .subscribe(resolve);
    });

    expect(verdict).toEqual(expected);
  });

  it('denies what a promise rejects, with the cause', async () => {
    const cause = new Error('no database');
    const verdict = await new Promise((resolve) => {
      of(values.w)
        .pipe(grantPassword(() => Promise.reject(cause)))
        .subscribe(resolve);
    });

    expect(verdict).toEqual(deniedBy('grantPassword', wrong, DenyReason.PolicyFailed, cause));
  });

  it('leaves a change of password to others, since granting it would report the change as made', () => {
    const verify = vi.fn(() => true);
    const change = consider<SSHUserAuthRequest>({ ...right, newPassword: new Secret('newer') });

    expect(answersTo<SSHUserAuthRequest>(grantPassword(verify), change)).toEqual([change]);
    expect(verify).not.toHaveBeenCalled();
  });

  it.each(Object.entries(authRequests).filter(([kind]) => kind !== 'password'))(
    'leaves requests of another kind open: %s',
    (_kind, request) => {
      const verify = vi.fn(() => true);

      expect(decisionOn(grantPassword(verify), request)).toEqual(consider(request));
      expect(verify).not.toHaveBeenCalled();
    },
  );

  it('goes by the name it was given', () => {
    expect(decisionOn<SSHUserAuthRequest>(grantPassword(isRight, { name: 'staff' }), wrong)).toEqual(
      declinedBy('staff', wrong, DenyReason.BadCredential),
    );
    expect(decisionOn<SSHUserAuthRequest>(grantPassword(isRight, { name: 'staff' }), right)).toEqual(
      grantedBy('staff', right),
    );
  });

  it('grants what another source of passwords has declined, in any order', () => {
    const staff = grantPassword(isRight, { name: 'staff' });
    const guests = grantPassword((_user, text) => text === 'guest', { name: 'guests' });
    for (const [policy, first] of [
      [(verdict$) => verdict$.pipe(staff, guests), 'staff'],
      [(verdict$) => verdict$.pipe(guests, staff), 'guests'],
    ] satisfies readonly (readonly [Policy<SSHUserAuthRequest>, string])[]) {
      expect(decisionOn<SSHUserAuthRequest>(policy, right)).toEqual(grantedBy('staff', right));
      expect(decisionOn<SSHUserAuthRequest>(policy, wrong)).toEqual(declinedBy(first, wrong, DenyReason.BadCredential));
    }
  });

  it('asks nobody about what was granted before', () => {
    const verify = vi.fn(() => false);
    const verdict = granted<SSHUserAuthRequest>(wrong);

    expect(answersTo(grantPassword(verify), verdict)).toEqual([verdict]);
    expect(verify).not.toHaveBeenCalled();
  });

  it('refuses a verify that is not a function', () => {
    // @ts-expect-error verify is a function
    expect(() => grantPassword('secret')).toThrow(
      optionError("grantPassword: verify must be a function, got 'secret'"),
    );
  });
});
