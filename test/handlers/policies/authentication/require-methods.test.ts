import { NEVER } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { requireMethods } from '../../../../src/handlers/policies/authentication/require-methods.js';
import { forUsers } from '../../../../src/handlers/policies/composition/for-users.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { marbles } from '../../../support/marbles.js';
import { optionError } from '../policy-laws.js';
import { authRequests, password } from '../requests.js';
import { answersTo, decisionOn, denied, granted } from '../verdicts.js';

const ann = password('right');
const root = password('right', 'root');
const required = ({ requires = [] }: Verdict<unknown>): readonly string[] =>
  requires.map(({ by, expression }) => `${by}: ${expression}`);

const broken = (): never => {
  throw new Error('broken');
};

describe('requireMethods', () => {
  it('passes denied verdicts untouched and in their place', () => {
    expect(answersTo(requireMethods('password'), denied<SSHUserAuthRequest>(ann))).toEqual([denied(ann)]);
  });

  it(
    'attaches the same requirement to open and granted verdicts, and decides nothing',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const requires = [
        {
          by: 'requireMethods',
          expression: 'password+totp',
          alternatives: [[{ method: 'password' }, { method: 'keyboard-interactive', policy: 'totp' }]],
        },
      ];
      const open = consider<SSHUserAuthRequest>(ann);
      const given = granted<SSHUserAuthRequest>(ann);
      const source = hot('  -o-g-|', { o: open, g: given });
      const expected = '    -o-g-|';
      const subs = '        ^----!';

      expectObservable(source.pipe(requireMethods('password+totp'))).toBe(expected, {
        o: { ...open, requires },
        g: { ...given, requires },
      });
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('requires it of every request, whatever the method', () => {
    const policy = requireMethods('publickey');

    for (const request of Object.values(authRequests)) {
      expect(required(decisionOn<SSHUserAuthRequest>(policy, request))).toEqual(['requireMethods: publickey']);
    }
  });

  it('adds to what others require, and nothing where it stands twice', () => {
    const policy = requireMethods('publickey');
    const other = requireMethods('totp', { name: 'second factor' });
    const [verdict] = answersTo<SSHUserAuthRequest>(
      (verdict$) => verdict$.pipe(policy, other, policy),
      consider<SSHUserAuthRequest>(ann),
    );

    expect(verdict && required(verdict)).toEqual(['requireMethods: publickey', 'second factor: totp']);
  });

  it('requires what a function says of a request, and nothing where it says so', () => {
    const policy = requireMethods(({ user }) => (user === 'root' ? 'publickey:sk' : undefined));
    const open = consider<SSHUserAuthRequest>(ann);

    expect(answersTo(policy, open)).toEqual([open]);
    expect(required(decisionOn<SSHUserAuthRequest>(policy, root))).toEqual(['requireMethods: publickey:sk']);
    expect(answersTo(policy, consider<SSHUserAuthRequest>(root))[0]?.requires?.[0]).toBe(
      answersTo(policy, consider<SSHUserAuthRequest>(root))[0]?.requires?.[0],
    );
  });

  it('is for the users that it is wrapped for', () => {
    const policy = forUsers(['root'], requireMethods('publickey:sk'));

    expect(required(decisionOn<SSHUserAuthRequest>(policy, root))).toEqual(['requireMethods: publickey:sk']);
    expect(required(decisionOn<SSHUserAuthRequest>(policy, ann))).toEqual([]);
  });

  it.each([
    ['fails', () => Promise.reject(new Error('never seen'))],
    ['throws', broken],
    ['answers with a promise', () => Promise.resolve('password')],
    ['answers with an Observable', () => NEVER],
    ['answers with null', () => null],
    ['answers with what is no expression', () => 'password+'],
    ['answers with an empty text', () => ''],
  ])('denies where the function %s', async (_what, answer) => {
    // As JavaScript may write it.
    const policy = requireMethods(() => {
      const value: unknown = answer();
      if (value instanceof Promise) value.catch(() => undefined);
      return value as string;
    });
    await Promise.resolve();

    expect(decisionOn<SSHUserAuthRequest>(policy, ann)).toMatchObject({
      state: 'denied',
      by: 'requireMethods',
      reason: DenyReason.PolicyFailed,
    });
  });

  it('reads as many expressions as there are, and remembers a bounded number', () => {
    const policy = requireMethods(({ user }) => `password:${user}`);
    const requirementOf = (user: string) =>
      answersTo(policy, consider<SSHUserAuthRequest>(password('', user)))[0]?.requires?.[0];

    for (let index = 0; index < 300; index += 1) requirementOf(`user${String(index)}`);
    expect(requirementOf('user0')).toBe(requirementOf('user0'));
    expect(requirementOf('user299')).not.toBe(requirementOf('user299'));
    expect(requirementOf('user299')).toEqual(requirementOf('user299'));
  });

  it('refuses an expression when it is made, and says what is wrong with it', () => {
    expect(() => requireMethods('publickey,password')).toThrow(
      optionError(
        "requireMethods: required separates by a comma in 'publickey,password': steps stand between +, alternatives between |, got 'publickey,password'",
      ),
    );
  });
});
