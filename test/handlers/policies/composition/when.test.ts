import { EMPTY, NEVER, of } from 'rxjs';
import { describe, expect, it } from 'vitest';

import type { Answer } from '../../../../src/handlers/policies/answer.js';
import { named } from '../../../../src/handlers/policies/composition/named.js';
import { when } from '../../../../src/handlers/policies/composition/when.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import { consider } from '../../../../src/streams/verdict.js';
import { marbles } from '../../../support/marbles.js';
import { abstains, denies, grants, late, watched } from '../members.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { knock } from '../requests.js';
import { answersTo, decisionOn, deniedBy, granted, grantedBy } from '../verdicts.js';

const ann = knock('192.0.2.1');
const bob = knock('192.0.2.2');
const isAnn = (request: ConnectionRequest): boolean => request === ann;

const values = {
  a: consider<ConnectionRequest>(ann),
  b: consider<ConnectionRequest>(bob),
  A: grantedBy<ConnectionRequest>('it', ann),
  B: grantedBy<ConnectionRequest>('it', bob),
  O: grantedBy<ConnectionRequest>('other', bob),
};

describe('when', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'named',
    make: ({ name = 'ann' }) => named(name, when(isAnn, grants('it'), abstains())),
    decides: ann,
    spares: bob,
  });

  it(
    'applies the policy to those of whom the predicate says true, and lets the others pass',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -a-b-(ab)|', values);
      const expected = '    -A-b-(Ab)|';
      const subs = '        ^--------!';

      expectObservable(source.pipe(when(isAnn, grants('it')))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('applies the other policy to the others, if there is one, and never both', () => {
    const [one, other] = [watched(grants<ConnectionRequest>('it')), watched(grants<ConnectionRequest>('other'))];

    expect(answersTo(when(isAnn, one.policy, other.policy), values.a, values.b)).toEqual([values.A, values.O]);
    expect(one.asked).toEqual([values.a]);
    expect(other.asked).toEqual([values.b]);
  });

  it('may use one policy for both', () => {
    const policy = grants<ConnectionRequest>('it');

    expect(answersTo(when(isAnn, policy, policy), values.a, values.b)).toEqual([values.A, values.B]);
  });

  it('applies to granted requests as well', () => {
    expect(
      answersTo(when(isAnn, denies('it')), granted<ConnectionRequest>(ann), granted<ConnectionRequest>(bob)),
    ).toEqual([deniedBy('it', ann, DenyReason.NotPermitted), granted(bob)]);
  });

  it(
    'waits for the predicate and then for the policy, and holds up nobody else',
    marbles(({ cold, hot, expectObservable }) => {
      const source = hot('  a-b-----|', values);
      const yes$ = cold('   --(y|)', { y: true });
      const slow$ = cold('  --(x|)');
      const expected = '    --b-A---|';
      const predicate = (request: ConnectionRequest): Answer<boolean> => (request === ann ? yes$ : false);

      expectObservable(source.pipe(when(predicate, late(grants('it'), slow$)))).toBe(expected, values);
    }),
  );

  it(
    'completes once the last predicate has answered',
    marbles(({ cold, hot, expectObservable }) => {
      const source = hot('  a|', values);
      const yes$ = cold('   ---(y|)', { y: true });
      const expected = '    ---(A|)';

      expectObservable(source.pipe(when(() => yes$, grants('it')))).toBe(expected, values);
    }),
  );

  it('waits for promises', async () => {
    const told = new Promise((resolve) => {
      of(values.a)
        .pipe(when(async () => Promise.resolve(true), grants('it')))
        .subscribe(resolve);
    });

    expect(await told).toEqual(values.A);
  });

  it('holds the request that the predicate never answers', () => {
    expect(
      answersTo(
        when<ConnectionRequest>(() => NEVER, grants('it')),
        values.a,
      ),
    ).toEqual([]);
  });

  it.each([
    ['completes without a value', () => EMPTY],
    // JavaScript may answer with anything.
    ['answers undefined', () => undefined as unknown as boolean],
    ['answers 1', () => 1 as unknown as boolean],
  ])('denies in doubt: the predicate %s', (_what, predicate) => {
    const [one, other] = [watched(grants<ConnectionRequest>('it')), watched(grants<ConnectionRequest>('other'))];

    expect(decisionOn(when<ConnectionRequest>(predicate, one.policy, other.policy), ann)).toEqual(
      deniedBy('when', ann, DenyReason.PolicyFailed, new TypeError('the predicate answered neither true nor false')),
    );
    expect([...one.asked, ...other.asked]).toEqual([]);
  });

  it('denies the request whose predicate throws, with the cause, and lives on', () => {
    const cause = new Error('no list');
    const policy = when<ConnectionRequest>((request) => {
      if (request === ann) throw cause;
      return true;
    }, grants('it'));

    expect(answersTo(policy, values.a, values.b)).toEqual([
      deniedBy('when', ann, DenyReason.PolicyFailed, cause),
      values.B,
    ]);
  });

  it('refuses what is no function', () => {
    // @ts-expect-error the predicate is a function
    expect(() => when(true, abstains())).toThrow(optionError('when: predicate must be a function, got true'));
    // @ts-expect-error a policy is a function
    expect(() => when(() => true, 1)).toThrow(optionError('when: policy must be a function, got 1'));
    // @ts-expect-error a policy is a function
    expect(() => when(() => true, abstains(), null)).toThrow(
      optionError('when: otherwise must be a function, got null'),
    );
  });
});
