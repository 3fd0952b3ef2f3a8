import { EMPTY, NEVER, of, Subject, throwError } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';

import { SshServerError } from '../../../../src/errors.js';
import {
  type FindAuthorizedKeys,
  grantPublicKey,
  type GrantPublicKeyOptions,
} from '../../../../src/handlers/policies/authentication/grant-public-key.js';
import type { EndWithKeyOptions } from '../../../../src/handlers/policies/authentication/key-watch.js';
import { parseAuthorizedKeys } from '../../../../src/protocol/authentication/authorized-keys.js';
import { connectionId } from '../../../../src/streams/connection-id.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ProvenKeyAuthRequest, SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import { consider, grant, type Verdict } from '../../../../src/streams/verdict.js';
import { held, policyContext } from '../../../../src/testing/index.js';
import { makeCertificate, makeWireKey } from '../../../support/certificates.js';
import { beginGrant } from '../begin-grant.js';
import { disconnectedEvent } from '../decisions.js';
import { authKeyOf, keyOf, lineOf } from '../keys.js';
import { optionError } from '../policy-laws.js';
import { offered, proven } from '../requests.js';
import { answersTo } from '../verdicts.js';
import { virtualTime, type VirtualTime } from '../virtual-time.js';

const key = keyOf(1);
const gone = {
  type: 'revoke',
  reason: 'the key that this session was opened with is no longer accepted',
  by: 'grantPublicKey',
  graceMs: 0,
};
const unconfirmed = { ...gone, reason: 'your key can no longer be confirmed' };

interface WatchOptions extends Omit<GrantPublicKeyOptions, 'endWithKey'> {
  readonly endWithKey?: EndWithKeyOptions;
}

describe('grantPublicKey with endWithKey', () => {
  let time: VirtualTime;
  let keysOf: FindAuthorizedKeys;
  let asked: number;
  beforeEach(() => {
    time = virtualTime();
    keysOf = () => lineOf(key);
    asked = 0;
  });

  /** Without chance, unless a test brings its own. */
  const policy = (options: WatchOptions = {}) =>
    grantPublicKey(
      (user, request) => {
        asked += 1;
        return keysOf(user, request);
      },
      { ...options, endWithKey: { random: () => 0, ...options.endWithKey } },
    );

  function decide(options?: WatchOptions, request: SSHUserAuthRequest = proven(key)) {
    const context = policyContext({ clock: time.clock });
    const [verdict] = answersTo(policy(options), consider<SSHUserAuthRequest>(request, context));
    if (verdict === undefined) throw new Error('there is no verdict');
    return { verdict, context };
  }

  function begin(options?: WatchOptions, request?: ProvenKeyAuthRequest) {
    const { verdict, context } = decide(options, request);
    return { context, session: beginGrant(verdict, held({ kind: 'connection', clock: time.clock })) };
  }

  it('asks again every ten seconds while the session lives, and no more after it', () => {
    const { session } = begin();
    expect(asked).toBe(1);
    time.advance(9_999);
    expect(asked).toBe(1);
    time.advance(50_001);
    expect(asked).toBe(7);
    expect(session.signals).toEqual([]);
    session.end();
    time.advance(60_000);
    expect(asked).toBe(7);
    expect(time.timers).toBe(0);
  });

  it('ends the session at the first look that does not find the key, with the grace of the policy', () => {
    const { session, context } = begin({ endWithKey: { everyMs: 1000 }, graceMs: 500 });
    time.advance(1500);
    keysOf = () => lineOf(keyOf(2));
    time.advance(499);
    expect(session.signals).toEqual([]);
    time.advance(1);
    expect(session.signals).toEqual([{ ...gone, graceMs: 500 }]);
    expect(context.reports).toEqual([]);
    expect(time.timers).toBe(0);
  });

  it.each<[string, FindAuthorizedKeys]>([
    ['no keys at all', () => ''],
    ['an Observable without a value', () => EMPTY],
    ['a line that cannot be used', () => lineOf(key, 'newest')],
    ['a line that is over', () => lineOf(key, 'expiry-time="19700101Z"')],
    ['a line for another address', () => lineOf(key, 'from="203.0.113.7"')],
    ['a line that makes an authority of it', () => lineOf(key, 'cert-authority')],
  ])('ends the session for %s', (_what, found) => {
    const { session } = begin();
    keysOf = found;
    time.advance(10_000);
    expect(session.signals).toEqual([gone]);
  });

  it('goes on with the old terms where there are new ones', () => {
    const { session } = begin();
    keysOf = () => lineOf(key, 'restrict,command="other"');
    time.advance(60_000);
    expect(session.signals).toEqual([]);
  });

  it('ends the session of a certificate when its authority is gone', () => {
    const authority = makeWireKey();
    const certificate = authKeyOf(makeCertificate({ key: makeWireKey().blob, authority }));
    keysOf = () => lineOf(authKeyOf(authority.blob), 'cert-authority');
    const { session } = begin({}, proven(certificate));
    time.advance(10_000);
    expect(session.signals).toEqual([]);
    keysOf = () => lineOf(key);
    time.advance(10_000);
    expect(session.signals).toEqual([gone]);
  });

  const failures: readonly [string, FindAuthorizedKeys, unknown][] = [
    ['cannot say', () => ({ unavailable: 'unreadable' }), 'unreadable'],
    ['says later that it cannot', () => of({ unavailable: 'unreadable' }), 'unreadable'],
    ['fails', () => throwError(() => new Error('broken')), new Error('broken')],
    [
      'throws',
      () => {
        throw new Error('broken');
      },
      new Error('broken'),
    ],
  ];

  it.each(failures)('ends the session, with a report, when the source %s', (_how, fails, cause) => {
    const { session, context } = begin();
    keysOf = fails;
    time.advance(10_000);
    expect(session.signals).toEqual([unconfirmed]);
    expect(context.reports).toEqual([{ type: 'failure', request: proven(key), by: 'grantPublicKey', cause }]);
  });

  it.each(failures)('goes on, and asks again, when the source %s, if told so', (_how, fails) => {
    const { session, context } = begin({ endWithKey: { onError: 'ignore' } });
    keysOf = fails;
    time.advance(20_000);
    expect(session.signals).toEqual([]);
    expect(context.reports).toHaveLength(2);
    keysOf = () => '';
    time.advance(10_000);
    expect(session.signals).toEqual([gone]);
  });

  it('does not wait for ever for a source that says nothing', () => {
    const { session, context } = begin();
    keysOf = () => NEVER;
    time.advance(39_999);
    expect(session.signals).toEqual([]);
    time.advance(1);
    expect(session.signals).toEqual([unconfirmed]);
    expect(context.reports).toHaveLength(1);
  });

  it.each<[string, FindAuthorizedKeys]>([
    ['says', () => ({ unavailable: new SshServerError('ERR_SSH_BUSY', 'full') })],
    ['fails since', () => throwError(() => new SshServerError('ERR_SSH_BUSY', 'full'))],
  ])('goes on, with a report, while the source %s that too many ask, and asks again', (_how, isFull) => {
    const { session, context } = begin();
    keysOf = isFull;
    time.advance(20_000);
    expect(session.signals).toEqual([]);
    expect(context.reports).toMatchObject([{ cause: { code: 'ERR_SSH_BUSY' } }, { cause: { code: 'ERR_SSH_BUSY' } }]);
    keysOf = () => '';
    time.advance(10_000);
    expect(session.signals).toEqual([gone]);
  });

  it('asks up to a quarter sooner by chance, each time anew, and never later', () => {
    const chances = [0.5, 1, 0, NaN, -1, 7];
    begin({ endWithKey: { random: () => chances.shift() ?? 0 } });
    const at: number[] = [];
    for (let second = 0, before = asked; second < 600; second += 1, before = asked) {
      time.advance(100);
      if (asked > before) at.push((second + 1) / 10);
    }
    // What is no chance changes nothing.
    expect(at).toEqual([8.8, 16.3, 26.3, 36.3, 46.3, 56.3]);
  });

  it('does not let sessions that have begun together ask together', () => {
    const begun = Array.from({ length: 50 }, () => {
      const [verdict] = answersTo(
        grantPublicKey(
          () => {
            asked += 1;
            return lineOf(key);
          },
          { endWithKey: true },
        ),
        consider<SSHUserAuthRequest>(proven(key), policyContext({ clock: time.clock })),
      );
      if (verdict === undefined) throw new Error('there is no verdict');
      return beginGrant(verdict, held({ kind: 'connection', clock: time.clock }));
    });
    asked = 0;
    time.advance(7499);
    expect(asked).toBe(0);
    const moments = new Set<number>();
    for (let ms = 0, before = asked; ms <= 2501; ms += 1, before = asked) {
      time.advance(1);
      if (asked > before) moments.add(ms);
    }
    expect(asked).toBe(50);
    // Fifty of 2,500: that even half of them fall together does not happen.
    expect(moments.size).toBeGreaterThan(25);
    for (const session of begun) session.end();
  });

  it('can look as rarely as timers allow', () => {
    const { session, context } = begin({ endWithKey: { everyMs: 2 ** 31 - 1 } });
    keysOf = () => '';
    time.advance(2 ** 31 - 2);
    expect(session.signals).toEqual([]);
    time.advance(1);
    expect(session.signals).toEqual([gone]);
    expect(context.reports).toEqual([]);
  });

  it('holds nothing for an offer, nor for a key that is not granted', () => {
    expect(decide({}, offered(key)).verdict).toMatchObject({ state: 'granted', leases: [] });
    expect(decide({}, proven(keyOf(2))).verdict).toMatchObject({ state: 'open', leases: [] });
    const [unwatched] = answersTo(
      grantPublicKey(() => lineOf(key), { endWithKey: false }),
      consider<SSHUserAuthRequest>(proven(key)),
    );
    expect(unwatched).toMatchObject({ state: 'granted', leases: [] });
  });

  it('goes by the clock that it was given', () => {
    const own = virtualTime();
    const { session } = begin({ clock: own.clock });
    keysOf = () => '';
    time.advance(60_000);
    expect(session.signals).toEqual([]);
    own.advance(10_000);
    expect(session.signals).toEqual([gone]);
  });

  describe('when policies are replaced', () => {
    /** A session that a policy of this name has granted. */
    function replaced(): Verdict<SSHUserAuthRequest> {
      const context = policyContext({ clock: time.clock, reevaluation: true });
      const request = proven(key);
      const before = grant<SSHUserAuthRequest>(consider(request, context), request, 'grantPublicKey');
      const [verdict] = answersTo(policy(), before);
      if (verdict === undefined) throw new Error('there is no verdict');
      return verdict;
    }

    it('is watched by the new one if that lists it', () => {
      const session = beginGrant(replaced(), held({ kind: 'connection', clock: time.clock }));
      keysOf = () => '';
      time.advance(10_000);
      expect(session.signals).toEqual([gone]);
    });

    it('is not watched by a source of the same name that never had it', () => {
      keysOf = () => lineOf(keyOf(2));
      expect(replaced()).toMatchObject({ state: 'granted', leases: [] });
    });
  });

  it.each<[unknown, string]>([
    ['yes', "endWithKey must be true, false or options, got 'yes'"],
    [null, 'endWithKey must be true, false or options, got null'],
    [{ everyMs: 0 }, 'endWithKey.everyMs must be a finite number of milliseconds above 0, got 0'],
    [{ everyMs: 2 ** 31 }, 'endWithKey.everyMs must be at most 24 days, got 2147483648'],
    [{ onError: 'warn' }, "endWithKey.onError must be 'revoke' or 'ignore', got 'warn'"],
    [{ random: 0.5 }, 'endWithKey.random must be a function, got 0.5'],
  ])('refuses %j', (endWithKey, message) => {
    // JavaScript may bring anything.
    const options = { endWithKey } as GrantPublicKeyOptions;
    expect(() => grantPublicKey(() => '', options)).toThrow(optionError(`grantPublicKey: ${message}`));
  });

  it('refuses keys that never change', () => {
    expect(() => grantPublicKey(lineOf(key), { endWithKey: true })).toThrow(
      optionError('grantPublicKey: endWithKey needs a function as the source of keys, got true'),
    );
  });
});

describe('grantPublicKey with a source that cannot say', () => {
  it.each<[unknown, DenyReason]>([
    ['unreadable', DenyReason.PolicyFailed],
    [new SshServerError('ERR_SSH_KEY', 'unreadable'), DenyReason.PolicyFailed],
    [new SshServerError('ERR_SSH_BUSY', 'full'), DenyReason.LimitReached],
  ])('leaves the request to others, denied if none grants it, and reports the cause: %s', (unavailable, reason) => {
    const context = policyContext();
    const [verdict] = answersTo(
      grantPublicKey(() => ({ unavailable })),
      consider<SSHUserAuthRequest>(proven(key), context),
    );
    expect(verdict).toMatchObject({ state: 'open', declined: { by: 'grantPublicKey', reason } });
    expect(context.reports).toEqual([
      { type: 'failure', request: proven(key), by: 'grantPublicKey', cause: unavailable },
    ]);
  });
});

describe('grantPublicKey with a source that takes its time', () => {
  it('unsubscribes it, and denies the request that nobody waits for any more, when its connection ends', () => {
    const context = policyContext();
    const answer = new Subject<string>();
    const states: string[] = [];
    of(consider<SSHUserAuthRequest>(proven(key), context))
      .pipe(grantPublicKey(() => answer))
      .subscribe(({ state }) => states.push(state));
    context.emit(disconnectedEvent({ ...proven(key).connection, id: connectionId(2) }));
    expect([states, answer.observed]).toEqual([[], true]);
    context.emit(disconnectedEvent(proven(key).connection));
    expect([states, answer.observed]).toEqual([['denied'], false]);
  });
});

describe('grantPublicKey with what was read before', () => {
  it('takes it when it is made, and from a function, of which it understands each once', () => {
    const parsed = parseAuthorizedKeys(`nonsense\n${lineOf(key)}`);
    const problems: unknown[] = [];
    const onProblem = ({ line }: { readonly line: number }, user: string | undefined): unknown =>
      problems.push([line, user]);
    const open = consider<SSHUserAuthRequest>(proven(key));
    expect(answersTo(grantPublicKey(parsed, { onProblem }), open)).toMatchObject([{ state: 'granted' }]);
    expect(
      answersTo(
        grantPublicKey(() => parsed, { onProblem }),
        open,
        open,
        open,
      ),
    ).toMatchObject([{ state: 'granted' }, { state: 'granted' }, { state: 'granted' }]);
    expect(problems).toEqual([
      [1, undefined],
      [1, 'ann'],
    ]);
  });

  it('reads a list of entries each time, since it may have changed', () => {
    const entries = [...parseAuthorizedKeys(lineOf(key)).entries];
    const policy = grantPublicKey(() => entries);
    const open = consider<SSHUserAuthRequest>(proven(key));
    expect(answersTo(policy, open)).toMatchObject([{ state: 'granted' }]);
    entries.pop();
    expect(answersTo(policy, open)).toMatchObject([{ state: 'open' }]);
  });
});
