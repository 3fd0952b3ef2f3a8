import { EMPTY, of } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import { grantWhen } from '../../../../src/handlers/policies/composition/grant-when.js';
import { isGrantable } from '../../../../src/streams/is-grantable.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type {
  OfferedKeyAuthRequest,
  ProvenKeyAuthRequest,
  SSHUserAuthRequest,
} from '../../../../src/streams/events/ssh-user-auth-request.js';
import { consider, grant, type Grantable } from '../../../../src/streams/verdict.js';
import { marbles } from '../../../support/marbles.js';
import { keyOf } from '../keys.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { authRequests, exec, knock, offered } from '../requests.js';
import { answersTo, decisionOn, deniedBy, granted, grantedBy } from '../verdicts.js';

const friend = knock('192.0.2.1');
const stranger = knock('192.0.2.2');
const isFriend = (request: ConnectionRequest): boolean => request === friend;

const values = {
  f: consider<ConnectionRequest>(friend),
  s: consider<ConnectionRequest>(stranger),
  F: grantedBy<ConnectionRequest>('grantWhen', friend),
  X: deniedBy<ConnectionRequest>('grantWhen', stranger, DenyReason.PolicyFailed, 'broken'),
};

describe('grantWhen', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'grantWhen',
    make: (options) => grantWhen(isFriend, options),
    decides: friend,
  });

  it(
    'grants what the predicate accepts and leaves the rest open',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -f-s-(sf)|', values);
      const expected = '    -F-s-(sF)|';
      const subs = '        ^--------!';

      expectObservable(source.pipe(grantWhen(isFriend))).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it(
    'denies only the request whose predicate fails',
    marbles(({ cold, hot, expectObservable }) => {
      const source = hot('  sf-----|', values);
      const fails = cold<boolean>('   --#', {}, 'broken');
      const expected = '    -FX----|';

      expectObservable(source.pipe(grantWhen((request) => request === friend || fails))).toBe(expected, values);
    }),
  );

  it.each([
    ['completes without a value', () => EMPTY],
    // JavaScript may answer with anything.
    ['is merely truthy', () => 1 as unknown as boolean],
    ['says no before it says yes', () => of(false, true)],
  ])('grants nothing if the predicate %s', (_what, predicate) => {
    expect(decisionOn(grantWhen(predicate), friend)).toEqual(values.f);
  });

  it('grants what a promise confirms', async () => {
    const verdict = await new Promise((resolve) => {
      of(values.f)
        .pipe(grantWhen((request) => Promise.resolve(isFriend(request))))
        .subscribe(resolve);
    });

    expect(verdict).toEqual(values.F);
  });

  it('denies what the predicate throws on, with the cause', () => {
    const cause = new Error('no calendar');
    const policy = grantWhen<ConnectionRequest>(() => {
      throw cause;
    });

    expect(decisionOn(policy, friend)).toEqual(deniedBy('grantWhen', friend, DenyReason.PolicyFailed, cause));
  });

  it('does not ask about what was granted before', () => {
    const predicate = vi.fn(isFriend);

    answersTo(grantWhen(predicate), granted<ConnectionRequest>(stranger));

    expect(predicate).not.toHaveBeenCalled();
  });

  it.each(Object.entries(authRequests))(
    'asks about a request that proves something, and no other: %s',
    (_kind, request) => {
      const predicate = vi.fn(() => true);
      const proves = isGrantable(request);

      expect(decisionOn(grantWhen<SSHUserAuthRequest>(predicate), request).state).toBe(proves ? 'granted' : 'open');
      expect(predicate).toHaveBeenCalledTimes(proves ? 1 : 0);
    },
  );

  it('goes by the name it was given', () => {
    expect(decisionOn(grantWhen(isFriend, { name: 'friends' }), friend)).toMatchObject({ by: 'friends' });
  });

  it('refuses a predicate that is not a function', () => {
    // @ts-expect-error the predicate is a function
    expect(() => grantWhen(true)).toThrow(optionError('grantWhen: predicate must be a function, got true'));
  });

  it('does not compile with a predicate that waits for an offered key', () => {
    const bits = (request: OfferedKeyAuthRequest | ProvenKeyAuthRequest): boolean => request.key.bits >= 256;
    const isStrong = grantWhen<SSHUserAuthRequest>((request) => request.method === 'publickey' && bits(request));
    // @ts-expect-error the predicate never sees an offered key
    const isOffered = grantWhen<SSHUserAuthRequest>((request: OfferedKeyAuthRequest) => bits(request));

    const offer = offered(keyOf(1));
    expect([isStrong, isOffered].map((policy) => decisionOn<SSHUserAuthRequest>(policy, offer).state)).toEqual([
      'open',
      'open',
    ]);
  });
});

describe('isGrantable', () => {
  it.each(Object.entries(authRequests))('says of an authentication request what grant() says: %s', (_kind, request) => {
    const granting = (): unknown =>
      // As JavaScript would call it: the compiler refuses half of these.
      grant<SSHUserAuthRequest>(consider(request), request as Grantable<SSHUserAuthRequest>, 'test');

    if (isGrantable(request)) expect(granting()).toMatchObject({ state: 'granted' });
    else expect(granting).toThrow(expect.objectContaining({ code: 'ERR_SSH_POLICY_FAILED' }));
  });

  it('is true for requests that are not about authentication', () => {
    expect(isGrantable(knock('192.0.2.1'))).toBe(true);
    expect(isGrantable(exec('uptime'))).toBe(true);
  });
});
