import { EMPTY, of } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import { allOf } from '../../../../src/handlers/policies/composition/all-of.js';
import { approval } from '../../../../src/handlers/policies/composition/approval.js';
import { grantPassword, type VerifyPassword } from '../../../../src/handlers/policies/authentication/grant-password.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { Secret } from '../../../../src/streams/secret.js';
import { consider, type GrantedVerdict } from '../../../../src/streams/verdict.js';
import { policyContext } from '../../../../src/testing/index.js';
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

  describe('where a password is to be changed', () => {
    const change = { ...right, newPassword: new Secret('newer') };
    const expired = { change: 'It has expired.' };
    const wanted = (request: SSHUserAuthRequest, prompt: string): GrantedVerdict<SSHUserAuthRequest> => ({
      ...grantedBy('grantPassword', request),
      passwordChange: { prompt },
    });

    it('asks for a new one, which lets nobody in yet', () => {
      expect(
        decisionOn<SSHUserAuthRequest>(
          grantPassword(() => expired),
          right,
        ),
      ).toEqual(wanted(right, 'It has expired.'));
    });

    it('asks for it when a promise says so', async () => {
      const verdict = await new Promise((resolve) => {
        of(values.r)
          .pipe(grantPassword(() => Promise.resolve(expired)))
          .subscribe(resolve);
      });

      expect(verdict).toEqual(wanted(right, 'It has expired.'));
    });

    it.each([
      ['no text', { change: undefined }],
      ['nothing', null],
      ['something else', { changed: 'It has expired.' }],
    ])('declines if verify answers with %s', (_what, answer) => {
      // JavaScript may answer with anything.
      const policy = grantPassword(() => answer as unknown as boolean);

      expect(decisionOn<SSHUserAuthRequest>(policy, wrong)).toEqual(values.W);
    });

    it('leaves the new one to others without the option, since granting it would report the change as made', () => {
      const verify = vi.fn(() => true);

      expect(decisionOn<SSHUserAuthRequest>(grantPassword(verify), change)).toEqual(consider(change));
      expect(verify).not.toHaveBeenCalled();
    });

    it('hands the user, both passwords and the request to the option alone, and grants what it confirms', () => {
      const verify = vi.fn(() => true);
      const confirm = vi.fn(() => true);

      expect(decisionOn<SSHUserAuthRequest>(grantPassword(verify, { change: confirm }), change)).toEqual(
        grantedBy('grantPassword', change),
      );
      expect(confirm).toHaveBeenCalledExactlyOnceWith('ann', 'right', 'newer', change);
      expect(verify).not.toHaveBeenCalled();
    });

    it('asks once more for one that will not do', () => {
      const policy = grantPassword(isRight, { change: () => ({ change: 'A longer one, please.' }) });

      expect(decisionOn<SSHUserAuthRequest>(policy, change)).toEqual(wanted(change, 'A longer one, please.'));
    });

    it.each([
      ['says no', () => false],
      ['completes without a value', () => EMPTY],
      ['answers a text', () => 'true' as unknown as boolean],
    ])('declines if the option %s', (_what, refuse) => {
      expect(decisionOn<SSHUserAuthRequest>(grantPassword(isRight, { change: refuse }), change)).toEqual(
        declinedBy('grantPassword', change, DenyReason.BadCredential),
      );
    });

    it('denies what the option throws on, with the cause', () => {
      const cause = new Error('read-only');
      const policy = grantPassword(isRight, {
        change: () => {
          throw cause;
        },
      });

      expect(decisionOn<SSHUserAuthRequest>(policy, change)).toEqual(
        deniedBy('grantPassword', change, DenyReason.PolicyFailed, cause),
      );
    });

    it.each([
      ['right', grantedBy<SSHUserAuthRequest>('grantPassword', right)],
      ['wrong', declinedBy<SSHUserAuthRequest>('grantPassword', right, DenyReason.BadCredential)],
      ['again', wanted(right, '')],
    ] as const)('goes by what a recording says of it: %s', (recollection, expected) => {
      const verify = vi.fn(() => true);
      const context = { ...policyContext(), recall: () => recollection };
      const [verdict] = answersTo(grantPassword(verify), consider<SSHUserAuthRequest>(right, context));

      expect(verdict).toEqual({ ...expected, context });
      expect(verify).not.toHaveBeenCalled();
    });

    it('is asked about by whoever stands around it: approval waits, and allOf passes it on', () => {
      const ask = vi.fn(() => true);
      const both = allOf(
        grantPassword(() => expired),
        grantPassword(() => expired),
      );

      expect(decisionOn<SSHUserAuthRequest>(both, right)).toMatchObject({
        passwordChange: { prompt: 'It has expired.' },
      });
      expect(
        decisionOn<SSHUserAuthRequest>(
          (it) =>
            it.pipe(
              grantPassword(() => expired),
              approval({ ask }),
            ),
          right,
        ),
      ).toEqual(wanted(right, 'It has expired.'));
      expect(ask).not.toHaveBeenCalled();
    });
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
