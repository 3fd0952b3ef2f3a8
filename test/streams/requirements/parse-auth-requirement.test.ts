import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { SshServerError } from '../../../src/errors.js';
import type { AuthStep } from '../../../src/streams/requirements/auth-requirement.js';
import { authRequirement, parseAuthRequirement } from '../../../src/streams/requirements/parse-auth-requirement.js';

const BY = 'requireMethods';
const read = (expression: string) => authRequirement(expression, BY).alternatives;

/** A policy, by a word that is no method. */
const policies = fc.stringMatching(/^[a-z][a-z0-9-]{2,11}$/).filter((word) => !METHODS.has(word) && word !== 'none');
const METHODS: ReadonlySet<string> = new Set(['password', 'publickey', 'keyboard-interactive', 'hostbased']);
const KINDS = ['sk', 'cert', 'ssh-ed25519', 'sk-ssh-ed25519@openssh.com', 'ecdsa-sha2-nistp256-cert-v01@openssh.com'];

interface Written {
  readonly text: string;
  readonly step: AuthStep;
}

const written = fc.oneof(
  fc.constantFrom(...METHODS).map((method) => ({ text: method, step: { method } })),
  fc.constantFrom(...KINDS).map((key) => ({ text: `publickey:${key}`, step: { method: 'publickey', key } })),
  policies.map((policy) => ({ text: policy, step: { method: 'keyboard-interactive', policy } })),
  fc
    .tuple(fc.constantFrom('password', 'keyboard-interactive', 'hostbased'), policies)
    .map(([method, policy]) => ({ text: `${method}:${policy}`, step: { method, policy } })),
) as fc.Arbitrary<Written>;

/** The steps of an alternative: no policy twice. */
const alternatives = fc
  .uniqueArray(written, {
    minLength: 1,
    maxLength: 8,
    selector: ({ step }) => (step.policy === undefined ? Symbol('any') : `${step.method} ${step.policy}`),
  })
  .map((steps) => [...steps]);
const expressions = fc.array(alternatives, { minLength: 1, maxLength: 16 });
const spaces = fc.stringMatching(/^[ \t]{0,3}$/);

describe('the expression of a requirement', () => {
  it('is read step by step and alternative by alternative', () => {
    expect(read('publickey+keyboard-interactive')).toEqual([
      [{ method: 'publickey' }, { method: 'keyboard-interactive' }],
    ]);
    expect(read(' password + totp|publickey:sk ')).toEqual([
      [{ method: 'password' }, { method: 'keyboard-interactive', policy: 'totp' }],
      [{ method: 'publickey', key: 'sk' }],
    ]);
    expect(read('password:ldap | hostbased+publickey:cert+publickey')).toEqual([
      [{ method: 'password', policy: 'ldap' }],
      [{ method: 'hostbased' }, { method: 'publickey', key: 'cert' }, { method: 'publickey' }],
    ]);
  });

  it('means the same however it is spaced, and is written in one form', () => {
    fc.assert(
      fc.property(expressions, spaces, spaces, (all, before, behind) => {
        const join = (list: readonly string[], sign: string): string => list.join(`${behind}${sign}${before}`);
        const text = `${before}${join(
          all.map((steps) =>
            join(
              steps.map((it) => it.text),
              '+',
            ),
          ),
          '|',
        )}${behind}`;
        const requirement = authRequirement(text, BY);

        expect(requirement.alternatives).toEqual(all.map((steps) => steps.map(({ step }) => step)));
        expect(authRequirement(requirement.expression, BY)).toEqual(requirement);
      }),
    );
  });

  it.each([
    ['', /has an empty step/],
    ['password+', /has an empty step/],
    ['password||totp', /has an empty step/],
    ['publickey,password', /comma/],
    ['password totp', /has a space within the step 'password totp'/],
    ['none', /which proves nothing/],
    ['password+totp+totp', /has the step 'totp' twice/],
    ['totp+keyboard-interactive:totp', /twice/],
    ['password:', /says nothing behind the colon of 'password:'/],
    ['pubkey:sk', /has 'pubkey:' in front of 'sk'/],
    ['publickey:dsa', /has 'dsa' behind 'publickey:'/],
    ['publickey:constructor', /has 'constructor' behind 'publickey:'/],
    [Array.from({ length: 17 }, () => 'password').join('|'), /more than 16 alternatives/],
    [Array.from({ length: 9 }, () => 'password').join('+'), /more than 8 steps/],
  ])('is refused with a reason: %j', (expression, reason) => {
    const thrown = (() => {
      try {
        return read(expression);
      } catch (error) {
        return error;
      }
    })();

    expect(thrown).toBeInstanceOf(SshServerError);
    expect(thrown).toMatchObject({ code: 'ERR_SSH_POLICY_OPTION', message: expect.stringMatching(reason) as unknown });
  });

  it('is a requirement with something in every alternative, or refused, whatever it is', () => {
    const texts = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc
        .array(fc.constantFrom('password', 'publickey', ':', '+', '|', 'sk', ' ', 'totp'))
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const reading = parseAuthRequirement(text, BY);
        if ('fault' in reading) expect(reading.fault).not.toBe('');
        else expect(reading.requirement.alternatives.every((steps) => steps.length > 0)).toBe(true);
      }),
    );
  });
});
