import { BehaviorSubject, EMPTY, NEVER, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';

import {
  revokedBy,
  type RevokedByOptions,
  type RevocationSignal,
} from '../../../../src/handlers/policies/lifetime/revoked-by.js';
import { connectionId } from '../../../../src/streams/connection-id.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { SSHChannelRequest } from '../../../../src/streams/events/ssh-channel-request.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { LeaseSignal } from '../../../../src/streams/lease.js';
import { consider } from '../../../../src/streams/verdict.js';
import { channelRequest } from '../../../../src/testing/channel-request.js';
import { held } from '../../../../src/testing/held.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { marbles } from '../../../support/marbles.js';
import { beginGrant } from '../begin-grant.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { knock, password } from '../requests.js';
import { signalsOf } from '../signals-of.js';
import { answersTo, decisionOn } from '../verdicts.js';

const request = password('secret');
const annSignedIn = () => held({ kind: 'connection', identity: { user: 'ann', method: 'password' } });

const revocation = (reason = 'your access has been revoked'): LeaseSignal => ({
  type: 'revoke',
  reason,
  by: 'revokedBy',
  graceMs: 0,
});

function signIn(options: RevokedByOptions<SSHUserAuthRequest> = {}) {
  const signal$ = new Subject<RevocationSignal>();
  const context = policyContext();
  const [verdict = consider<SSHUserAuthRequest>(request)] = answersTo(
    revokedBy(signal$, options),
    consider<SSHUserAuthRequest>(request, context),
  );
  return { signal$, context, grant: beginGrant(verdict, annSignedIn()) };
}

describe('revokedBy', () => {
  obeysTheLawsOfPolicies<SSHUserAuthRequest>({
    name: 'revokedBy',
    make: (options) => revokedBy(NEVER, options),
    decides: request,
    leases: 1,
  });

  it(
    'ends the grant with the first emission that means it, and lets go of the stream then',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const signal$ = hot<RevocationSignal>('-f-o-t-t|', { f: false, o: { user: 'bob' }, t: 'closed for today' });
      const expected = '                       -----(r|)';
      const subs = '                           ^----!';
      const verdict = decisionOn(revokedBy<SSHUserAuthRequest>(signal$), request);

      expectObservable(signalsOf(verdict, annSignedIn())).toBe(expected, { r: revocation('closed for today') });
      expectSubscriptions(signal$.subscriptions).toBe(subs);
    }),
  );

  it(
    'subscribes to nothing while it decides, and lets go when the grant ends',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const signal$ = hot<RevocationSignal>('----');
      const verdict = decisionOn(revokedBy<SSHUserAuthRequest>(signal$), request);

      expectObservable(signalsOf(verdict, annSignedIn()), '-^-!').toBe('----');
      expectSubscriptions(signal$.subscriptions).toBe('           -^-!');
    }),
  );

  it.each<readonly [string, RevocationSignal, string | undefined]>([
    ['a text', 'closed for today', 'closed for today'],
    ['true', true, undefined],
    ['an empty text', '', undefined],
    ['a notice to all', {}, undefined],
    ['a notice to all with a reason', { reason: 'closed for today' }, 'closed for today'],
    ['a notice to the user', { user: 'ann' }, undefined],
    ['a notice to the connection', { connection: connectionId(1) }, undefined],
    ['a notice to both', { user: 'ann', connection: connectionId(1), reason: 'locked' }, 'locked'],
  ])('ends the grant by %s', (_what, signal, reason) => {
    const { signal$, grant } = signIn();
    signal$.next(signal);

    expect(grant.signals).toEqual([revocation(reason)]);
    expect(signal$.observed).toBe(false);
  });

  it.each<readonly [string, RevocationSignal]>([
    ['false', false],
    ['another user', { user: 'bob' }],
    ['another connection', { connection: connectionId(2) }],
    ['this user on another connection', { user: 'ann', connection: connectionId(2) }],
    ['another user on this connection', { user: 'bob', connection: connectionId(1) }],
  ])('leaves the grant as it is by %s', (_what, signal) => {
    const { signal$, grant } = signIn();
    signal$.next(signal);

    expect(grant.signals).toEqual([]);
    expect(signal$.observed).toBe(true);
  });

  it('knows the user of a sign-in whose connection does not know it yet', () => {
    const signal$ = new Subject<RevocationSignal>();
    const grant = beginGrant(decisionOn(revokedBy<SSHUserAuthRequest>(signal$), request), held({ kind: 'connection' }));
    signal$.next({ user: 'ann' });

    expect(grant.revoked).toBe(true);
  });

  it('does not take a connection without a user for that of somebody', () => {
    const signal$ = new Subject<RevocationSignal>();
    const connection = held({ kind: 'connection' });
    const grant = beginGrant(decisionOn(revokedBy<ConnectionRequest>(signal$), knock('192.0.2.7')), connection);
    signal$.next({ user: 'ann' });
    expect(grant.revoked).toBe(false);
    connection.authenticate({ user: 'ann', method: 'password' });
    signal$.next({ user: 'ann' });

    expect(grant.revoked).toBe(true);
  });

  it('ends at once what begins while a lock is on', () => {
    const locked = new BehaviorSubject(true);
    const grant = beginGrant(decisionOn(revokedBy<SSHUserAuthRequest>(locked), request), annSignedIn());

    expect(grant.signals).toEqual([revocation()]);
    expect(locked.observed).toBe(false);
  });

  it('makes the stream of the granted request when the grant begins', () => {
    const streams = new Map<string, Subject<RevocationSignal>>();
    const policy = revokedBy<SSHUserAuthRequest>(({ user }) => {
      const signal$ = new Subject<RevocationSignal>();
      streams.set(user, signal$);
      return signal$;
    });
    const verdict = decisionOn(policy, request);
    expect(streams.size).toBe(0);
    const grant = beginGrant(verdict, annSignedIn());
    streams.get('ann')?.next(true);

    expect(grant.revoked).toBe(true);
  });

  it('holds one subscription for each grant and none afterwards', () => {
    let subscriptions = 0;
    const signal$ = new Subject<RevocationSignal>();
    const policy = revokedBy<SSHUserAuthRequest>(() => {
      subscriptions += 1;
      return signal$;
    });
    const grants = Array.from({ length: 100 }, () => beginGrant(decisionOn(policy, request), annSignedIn()));
    expect(subscriptions).toBe(100);
    for (const grant of grants) grant.end();

    expect(signal$.observed).toBe(false);
  });

  it('lets the grant stand when the stream completes', () => {
    const grant = beginGrant(decisionOn(revokedBy<SSHUserAuthRequest>(EMPTY), request), annSignedIn());

    expect(grant.signals).toEqual([]);
  });

  it('asks matches about notices alone, with the request and what is held', () => {
    const asked: unknown[] = [];
    const { signal$, grant } = signIn({
      matches: (notice, it, { connection }) => {
        asked.push([notice, it, connection.info.id]);
        return notice.user?.toLowerCase() === it.user;
      },
    });
    signal$.next(false);
    signal$.next({ user: 'BOB' });
    expect(grant.revoked).toBe(false);
    signal$.next({ user: 'ANN' });

    expect(grant.revoked).toBe(true);
    expect(asked).toEqual([
      [{ user: 'BOB' }, request, connectionId(1)],
      [{ user: 'ANN' }, request, connectionId(1)],
    ]);
  });

  it('uses the reason, the grace and the name it was given', () => {
    const { signal$, grant } = signIn({ reason: 'maintenance', graceMs: 5000, name: 'lock' });
    signal$.next(true);

    expect(grant.signals).toEqual([{ type: 'revoke', reason: 'maintenance', by: 'lock', graceMs: 5000 }]);
  });

  const cause = new Error('no directory');

  it.each([
    ['revoke', [revocation('your access can no longer be confirmed')]],
    ['ignore', []],
  ] as const)('does as it was told when the stream fails: %s', (onError, expected) => {
    for (const make of [
      () => throwError(() => cause),
      () => {
        throw cause;
      },
    ]) {
      const context = policyContext();
      const open = consider<SSHUserAuthRequest>(request, context);
      const [verdict = open] = answersTo(revokedBy<SSHUserAuthRequest>(make, { onError }), open);

      expect(beginGrant(verdict, annSignedIn()).signals).toEqual(expected);
      expect(context.reports).toEqual([{ type: 'failure', request, by: 'revokedBy', cause }]);
    }
  });

  it('counts a matches that throws as an error of the stream', () => {
    const { signal$, context, grant } = signIn({
      matches: () => {
        throw cause;
      },
    });
    signal$.next({ user: 'bob' });

    expect(grant.revoked).toBe(true);
    expect(context.reports).toMatchObject([{ cause }]);
  });

  it('ends the grant in doubt: whatever else JavaScript emits', () => {
    for (const signal of [undefined, null, 0]) {
      const { signal$, grant } = signIn();
      signal$.next(signal as unknown as RevocationSignal);

      expect(grant.revoked).toBe(true);
    }
  });

  it('asks for nothing on requests that start no program', () => {
    expect(decisionOn(revokedBy<SSHChannelRequest>(NEVER), channelRequest.pty())).toMatchObject({ leases: [] });
  });

  it('refuses options that it cannot work with', () => {
    // @ts-expect-error the source is an Observable or a function
    expect(() => revokedBy('now')).toThrow(optionError("revokedBy: source must be a function, got 'now'"));
    expect(() => signIn({ reason: '' })).toThrow(optionError("revokedBy: reason must be a text, got ''"));
    expect(() => signIn({ graceMs: -1 })).toThrow(optionError('revokedBy: graceMs must be from 0 to 86400000, got -1'));
    // @ts-expect-error matches is a function
    expect(() => signIn({ matches: true })).toThrow(optionError('revokedBy: matches must be a function, got true'));
    // @ts-expect-error there are two choices
    expect(() => signIn({ onError: 'deny' })).toThrow(
      optionError("revokedBy: onError must be 'revoke' or 'ignore', got 'deny'"),
    );
  });
});
