import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { allowUsers } from '../../../../src/handlers/policies/access/allow-users.js';
import { denyUsers } from '../../../../src/handlers/policies/access/deny-users.js';
import type { HostNameResolver } from '../../../../src/handlers/policies/matching/host-name-resolver.js';
import type { UserPolicyOptions } from '../../../../src/handlers/policies/access/user-policy.js';
import type { UserRequest } from '../../../../src/handlers/policies/matching/request-user.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { authRequest } from '../../../../src/testing/auth-request.js';
import { channelOpen } from '../../../../src/testing/channel-open.js';
import { channelRequest } from '../../../../src/testing/channel-request.js';
import { globalRequest } from '../../../../src/testing/global-request.js';
import { marbles } from '../../../../src/testing/marbles.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { answersTo, decisionOn, denied, deniedBy, granted } from '../verdicts.js';

type Auth = SSHUserAuthRequest;

const guess = (user: string, from = '192.0.2.7'): Auth => authRequest.password(user, 'guess', { from });
const ann = guess('ann');
const bob = guess('bob');

/** Whether a list has a user, as both policies see it. */
function listed(patterns: readonly string[], request: UserRequest, options: UserPolicyOptions = {}): boolean {
  const allowed = decisionOn(allowUsers<UserRequest>(patterns, options), request).state === 'open';
  const spared = decisionOn(denyUsers<UserRequest>(patterns, options), request).state === 'open';
  expect(spared).toBe(!allowed);
  return allowed;
}

const servfail = Object.assign(new Error('SERVFAIL'), { code: 'ESERVFAIL' });

const dns: HostNameResolver = {
  reverse: async (address) => {
    if (address === '192.0.2.6') throw servfail;
    return address === '192.0.2.5' ? [] : [`h${address.slice(-1)}.example.com`];
  },
  resolve: async (name) => [`192.0.2.${name.slice(1, 2)}`],
};

const decided = (policy: Policy<Auth>, request: Auth): Promise<Verdict<Auth>> =>
  new Promise((resolve) => {
    of(consider(request)).pipe(policy).subscribe(resolve);
  });

describe('allowUsers', () => {
  obeysTheLawsOfPolicies<Auth>({
    name: 'allowUsers',
    make: (options) => allowUsers(['ann'], options),
    decides: bob,
    spares: ann,
  });

  it(
    'denies users who are not on the list and grants nobody',
    marbles(({ verdicts, expectVerdicts }) => {
      const values = { a: ann, b: bob, g: granted<Auth>(bob), d: denied<Auth>(bob) };
      const source = '  -a-b-(ab)-g-d|';
      const expected = '-o-x-(ox)-x-y|';

      expectVerdicts(verdicts(source, values).pipe(allowUsers<Auth>(['ann', 'carl']))).toBe(expected, {
        x: { outcome: 'denied', by: 'allowUsers', reason: DenyReason.UserNotAllowed, request: bob },
        y: { outcome: 'denied', by: 'earlier' },
      });
    }),
  );

  it('denies everybody by an empty list', () => {
    expect(decisionOn(allowUsers<Auth>([]), ann)).toEqual(deniedBy('allowUsers', ann, DenyReason.UserNotAllowed));
  });
});

describe('denyUsers', () => {
  obeysTheLawsOfPolicies<Auth>({
    name: 'denyUsers',
    make: (options) => denyUsers(['bob'], options),
    decides: bob,
    spares: ann,
  });

  it(
    'denies users who are on the list and grants nobody',
    marbles(({ verdicts, expectVerdicts }) => {
      const values = { a: ann, b: bob, g: granted<Auth>(bob) };
      const source = '  -a-b-(ab)-g|';
      const expected = '-o-x-(ox)-x|';

      expectVerdicts(verdicts(source, values).pipe(denyUsers<Auth>(['bob', 'root']))).toBe(expected, {
        x: { outcome: 'denied', by: 'denyUsers', reason: DenyReason.UserNotAllowed, request: bob },
      });
    }),
  );

  it('denies nobody by an empty list', () => {
    expect(decisionOn(denyUsers<Auth>([]), ann)).toEqual(consider(ann));
  });
});

describe('the patterns of allowUsers and denyUsers', () => {
  it.each([
    ['ann', 'ann', true],
    ['ann', 'Ann', false],
    ['ann', 'anna', false],
    ['*', '', true],
    ['git-*', 'git-web', true],
    ['u?', 'u1', true],
    ['u?', 'u12', false],
    ['ann@192.0.2.7', 'ann', true],
    ['ann@192.0.2.8', 'ann', false],
    ['bob@192.0.2.7', 'ann', false],
    ['a*@192.0.2.0/24', 'ann', true],
    ['ann@192.0.2.*', 'ann', true],
    ['ann@2001:db8::/32', 'ann', false],
    ['ann@*', 'ann', true],
    ['ann@corp@*', 'ann@corp', true],
    ['ann@corp@*', 'ann', false],
    ['ann@corp@192.0.2.7', 'ann@corp', true],
  ])('%j has the user %j of 192.0.2.7: %s', (pattern, user, expected) => {
    expect(listed([pattern], guess(user))).toBe(expected);
  });

  it('has a user whom any entry has', () => {
    const patterns = ['ann@192.0.2.1', 'ann@10.0.0.0/8', 'bob'];

    expect(listed(patterns, guess('ann', '10.1.2.3'))).toBe(true);
    expect(listed(patterns, guess('ann', '192.0.2.1'))).toBe(true);
    expect(listed(patterns, guess('ann', '192.0.2.2'))).toBe(false);
    expect(listed(patterns, guess('bob', '192.0.2.2'))).toBe(true);
  });

  it.each([
    ['a probe', authRequest.none('ann')],
    ['a channel', channelOpen.session({ user: 'ann' })],
    ['a channel request', channelRequest.shell({ user: 'ann' })],
    ['a global request', globalRequest.tcpipForward('localhost', 8080, { user: 'ann' })],
  ])('speaks of the user of %s', (_what, request) => {
    expect(listed(['ann'], request)).toBe(true);
    expect(listed(['bob'], request)).toBe(false);
  });

  it('denies either way a client whose address is unknown, where the address matters', () => {
    const somewhere = guess('ann', '');

    for (const [name, make] of [
      ['allowUsers', allowUsers<Auth>],
      ['denyUsers', denyUsers<Auth>],
    ] as const) {
      expect(decisionOn(make(['ann@*']), somewhere)).toEqual(deniedBy(name, somewhere, DenyReason.UserNotAllowed));
    }
    expect(listed(['ann'], somewhere)).toBe(true);
    expect(listed(['bob@192.0.2.7'], somewhere)).toBe(false);
  });

  it('verifies a host name, and looks up nobody whose name is not on the list', async () => {
    const options: UserPolicyOptions = { resolver: dns };
    const allow = allowUsers<Auth>(['ann@h7.*', 'carl'], options);
    const forbid = denyUsers<Auth>(['ann@h7.*', 'carl'], options);

    expect((await decided(allow, guess('ann', '192.0.2.7'))).state).toBe('open');
    expect((await decided(allow, guess('ann', '192.0.2.8'))).state).toBe('denied');
    expect((await decided(forbid, guess('ann', '192.0.2.7'))).state).toBe('denied');
    expect((await decided(forbid, guess('ann', '192.0.2.8'))).state).toBe('open');
    // At once, which a lookup would not be.
    expect(decisionOn(allow, guess('bob', '192.0.2.9')).state).toBe('denied');
    expect(decisionOn(forbid, guess('bob', '192.0.2.9')).state).toBe('open');
    expect(decisionOn(allow, guess('carl', '192.0.2.9')).state).toBe('open');
  });

  it.each([
    ['allowUsers', allowUsers<Auth>],
    ['denyUsers', denyUsers<Auth>],
  ] as const)('%s denies whom it cannot look up, and says why if something failed', async (name, make) => {
    const policy = make(['ann@*.test'], { resolver: dns });
    const nameless = guess('ann', '192.0.2.5');
    const broken = guess('ann', '192.0.2.6');

    expect(await decided(policy, nameless)).toEqual(deniedBy(name, nameless, DenyReason.UserNotAllowed));
    expect(await decided(policy, broken)).toEqual(deniedBy(name, broken, DenyReason.UserNotAllowed, servfail));
  });

  it('denies with LimitReached beyond the lookups that may be under way', () => {
    const never: HostNameResolver = { ...dns, reverse: () => new Promise(() => undefined) };
    const policy = allowUsers<Auth>(['*@*.test'], { resolver: never, maxLookups: 1 });
    const second = guess('bob', '192.0.2.9');

    expect(answersTo(policy, consider(ann), consider(second))).toEqual([
      deniedBy('allowUsers', second, DenyReason.LimitReached),
    ]);
  });

  it(
    'waits for a lookup by the clock it is given',
    marbles(({ verdicts, expectVerdicts, clock }) => {
      const never: HostNameResolver = { ...dns, reverse: () => new Promise(() => undefined) };
      const policy = denyUsers<Auth>(['ann@*.test'], { resolver: never, lookupTimeoutMs: 3, clock });
      const source = '  ab-----|';
      const expected = '-o-x---|';

      expectVerdicts(verdicts<Auth>(source, { a: ann, b: bob }).pipe(policy)).toBe(expected, {
        x: { outcome: 'denied', reason: DenyReason.UserNotAllowed, request: ann },
      });
    }),
  );

  it.each([
    ['', 'it names no user'],
    ['@192.0.2.7', 'it names no user'],
    ['ann@', 'of what follows the @, it is neither an address nor a CIDR block'],
    ['ann@192.0.2.300', 'of what follows the @, it is neither an address nor a CIDR block'],
    ['ann@192.0.2.1/24', 'of what follows the @, it has bits set beyond the first 24'],
    ['ann@a b', 'of what follows the @, it is neither an address, a CIDR block nor a host name'],
  ])('names the entry that it cannot read: %j', (pattern, fault) => {
    for (const [name, make] of [
      ['allowUsers', allowUsers],
      ['denyUsers', denyUsers],
    ] as const) {
      expect(() => make(['root', pattern])).toThrow(
        optionError(`${name}: patterns has an entry that cannot be used, since ${fault}, got '${pattern}'`),
      );
    }
  });

  it('refuses, from JavaScript, what is no list of texts', () => {
    // @ts-expect-error the patterns are an array
    expect(() => allowUsers('ann')).toThrow(
      optionError("allowUsers: patterns must be an array of patterns of users, got 'ann'"),
    );
    // @ts-expect-error the patterns are texts
    expect(() => denyUsers([7])).toThrow(
      optionError('denyUsers: patterns has an entry that cannot be used, since it is not text, got 7'),
    );
    expect(() => allowUsers(['ann'], { cacheMs: 0 })).toThrow(
      optionError('allowUsers: cacheMs must be a finite number of milliseconds above 0, got 0'),
    );
  });
});
