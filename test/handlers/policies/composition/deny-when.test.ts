import { EMPTY, NEVER, of } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { denyWhen } from '../../../../src/handlers/policies/composition/deny-when.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import { consider } from '../../../../src/streams/verdict.js';
import { marbles } from '../../../support/marbles.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { authRequests, knock } from '../requests.js';
import { answersTo, decisionOn, deniedBy, granted } from '../verdicts.js';

const guest = knock('192.0.2.1');
const pest = knock('192.0.2.2');
const isPest = (request: ConnectionRequest): boolean => request === pest;

const values = {
  g: consider<ConnectionRequest>(guest),
  p: consider<ConnectionRequest>(pest),
  P: deniedBy<ConnectionRequest>('denyWhen', pest, DenyReason.NotPermitted),
  X: deniedBy<ConnectionRequest>('denyWhen', pest, DenyReason.PolicyFailed, 'broken'),
};

describe('denyWhen', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'denyWhen',
    make: (options) => denyWhen(isPest, options),
    decides: pest,
    spares: guest,
  });

  it(
    'denies what the predicate names and leaves the rest as it is',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -g-p-(pg)|', values);
      const expected = '    -g-P-(Pg)|';
      const subs = '        ^--------!';

      expectObservable(source.pipe(denyWhen(isPest))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it('denies what an earlier policy granted', () => {
    expect(answersTo(denyWhen(isPest), granted<ConnectionRequest>(pest))).toEqual([values.P]);
  });

  it(
    'denies only the request whose predicate fails, and holds only the one it never answers',
    marbles(({ cold, hot, expectObservable }) => {
      const source = hot('  pg-g-|', values);
      const fails = cold<boolean>('  --#', {}, 'broken');
      const expected = '    -gXg-|';

      expectObservable(source.pipe(denyWhen((request) => (request === pest ? fails : false)))).toBe(expected, values);
      expectObservable(hot('pg-|', values).pipe(denyWhen((request) => (request === pest ? NEVER : false)))).toBe(
        '                   -g--',
        values,
      );
    }),
  );

  it.each([
    ['completes without a value', () => EMPTY],
    // JavaScript may answer with anything.
    ['answers undefined', () => undefined as unknown as boolean],
  ])('denies in doubt: the predicate %s', (_what, predicate) => {
    expect(decisionOn<ConnectionRequest>(denyWhen(predicate), pest)).toEqual(values.P);
  });

  it.each([
    ['denies what a promise names', pest, values.P],
    ['spares what a promise spares', guest, values.g],
  ])('%s', async (_what, request, expected) => {
    const verdict = await new Promise((resolve) => {
      of(consider(request))
        .pipe(denyWhen((it) => Promise.resolve(isPest(it))))
        .subscribe(resolve);
    });

    expect(verdict).toEqual(expected);
  });

  it('denies what the predicate throws on, with the cause', () => {
    const cause = new Error('no list');
    const policy = denyWhen<ConnectionRequest>(() => {
      throw cause;
    });

    expect(decisionOn(policy, guest)).toEqual(deniedBy('denyWhen', guest, DenyReason.PolicyFailed, cause));
  });

  it.each(Object.entries(authRequests))('asks about requests that prove nothing as well: %s', (_kind, request) => {
    expect(
      decisionOn(
        denyWhen<SSHUserAuthRequest>(() => true),
        request,
      ).state,
    ).toBe('denied');
  });

  it('gives the reason and the name it was given', () => {
    const policy = denyWhen(isPest, { name: 'pests', reason: DenyReason.LimitReached });

    expect(decisionOn(policy, pest)).toEqual(deniedBy('pests', pest, DenyReason.LimitReached));
  });

  it('refuses a predicate that is not a function', () => {
    // @ts-expect-error the predicate is a function
    expect(() => denyWhen(undefined)).toThrow(optionError('denyWhen: predicate must be a function, got undefined'));
  });

  it('refuses a reason that logs and metrics do not know', () => {
    // @ts-expect-error the reason is one of a closed set
    expect(() => denyWhen(isPest, { reason: 'because' })).toThrow(
      optionError("denyWhen: reason must be a value of DenyReason, got 'because'"),
    );
  });
});
