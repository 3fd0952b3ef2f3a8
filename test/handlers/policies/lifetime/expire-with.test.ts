import { EMPTY, NEVER, of, throwError, timer } from 'rxjs';
import { map } from 'rxjs';
import { describe, expect, it } from 'vitest';

import type { Answer } from '../../../../src/handlers/policies/answer.js';
import {
  type Expiry,
  expireWith,
  type ExpireWithOptions,
} from '../../../../src/handlers/policies/lifetime/expire-with.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHChannelRequest } from '../../../../src/streams/events/ssh-channel-request.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import { consider } from '../../../../src/streams/verdict.js';
import { channelRequest } from '../../../../src/testing/channel-request.js';
import { held } from '../../../../src/testing/held.js';
import { marbles } from '../../../../src/testing/marbles.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { beginGrant } from '../begin-grant.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { authRequests, password } from '../requests.js';
import { signalsOf } from '../signals-of.js';
import { answersTo, decisionOn, deniedBy, granted } from '../verdicts.js';
import { virtualTime } from '../virtual-time.js';

const MINUTE = 60_000;
const DAY = 86_400_000;
const request = password('secret');
const FAR = 8_000_000_000_000_000;

const expiring = (expiry: Answer<Expiry>, options: ExpireWithOptions = {}) =>
  expireWith<SSHUserAuthRequest>(() => expiry, options);

const refused = deniedBy<SSHUserAuthRequest>('expireWith', request, DenyReason.NotPermitted);
const revocation = {
  type: 'revoke',
  reason: 'the permission for this session has expired',
  by: 'expireWith',
  graceMs: 0,
} as const;

/** Signs in at `now` with what expires at `expiry`. */
function signIn(now: number, expiry: number, options: ExpireWithOptions = {}) {
  const time = virtualTime();
  time.set(now);
  const open = consider<SSHUserAuthRequest>(request, policyContext({ clock: time.clock }));
  const [verdict = open] = answersTo(expiring(expiry, options), open);
  return { time, grant: beginGrant(verdict, held({ kind: 'connection', clock: time.clock })) };
}

describe('expireWith', () => {
  obeysTheLawsOfPolicies<SSHUserAuthRequest>({
    name: 'expireWith',
    make: (options) => expiring(FAR, options),
    decides: request,
    leases: 1,
  });

  it(
    'warns before the moment and ends there',
    marbles(({ clock, expectEvents }) => {
      const verdict = decisionOn(
        expiring(10, { clock, warnBeforeMs: 4, graceMs: 7, reason: 'the key is over' }),
        request,
      );
      expectEvents(signalsOf(verdict, held({ clock }))).toBe('------w---(r|)', {
        w: { type: 'warn', message: 'This session ends in less than a second' },
        r: { ...revocation, graceMs: 7, reason: 'the key is over' },
      });
    }),
  );

  it(
    'denies from the moment on, whoever granted before, and not a millisecond earlier',
    marbles(({ clock, expectVerdicts, verdicts }) => {
      const source = verdicts('  a--ag|', { a: request, g: granted<SSHUserAuthRequest>(request) });
      const expected = '         o--xx|';

      expectVerdicts(source.pipe(expiring(3, { clock }))).toBe(expected, { x: 'denied: not-permitted' });
    }),
  );

  it('waits for the end of a certificate of 60 days', () => {
    const { time, grant } = signIn(1_700_000_000_000, 1_700_000_000_000 + 60 * DAY);
    time.advance(60 * DAY - 1);
    expect(grant.signals).toEqual([]);
    time.advance(1);

    expect(grant.signals).toEqual([revocation]);
  });

  it('says at once how long is left if that is less than any warning, and says it once', () => {
    const { time, grant } = signIn(0, 3 * MINUTE, { warnBeforeMs: [10 * MINUTE, 5 * MINUTE, MINUTE] });
    expect(grant.signals).toEqual([{ type: 'warn', message: 'This session ends in 3 minutes' }]);
    time.advance(3 * MINUTE);

    expect(grant.signals).toEqual([
      { type: 'warn', message: 'This session ends in 3 minutes' },
      { type: 'warn', message: 'This session ends in 1 minute' },
      revocation,
    ]);
  });

  it('ends at once what expired between the verdict and the grant', () => {
    const time = virtualTime();
    const verdict = decisionOn(expiring(5, { clock: time.clock, warnBeforeMs: 3 }), request);
    time.advance(6);

    expect(beginGrant(verdict, held({ clock: time.clock })).signals).toEqual([revocation]);
  });

  it('gives no warning of an end that has come when the clock was set forward', () => {
    const { time, grant } = signIn(0, DAY, { warnBeforeMs: [5 * MINUTE] });
    time.set(2 * DAY);
    time.advance(DAY);

    expect(grant.signals).toEqual([revocation]);
  });

  it('takes a Date as well as a number', () => {
    const past = new Date(1000);
    const future = new Date(FAR);

    expect(decisionOn(expiring(past), request)).toEqual(refused);
    expect(decisionOn(expiring(future), request)).toMatchObject({ state: 'open', leases: [expect.anything()] });
  });

  it.each([
    ['undefined', undefined],
    ['Infinity', Infinity],
  ])('leaves what never expires as it is: %s', (_what, expiry) => {
    expect(decisionOn(expiring(expiry), request)).toEqual(consider(request));
  });

  it.each(Object.entries(authRequests))('denies once expired, whatever the request: %s', (_kind, it) => {
    expect(decisionOn(expiring(0), it).state).toBe('denied');
  });

  it('asks nothing of a grant that starts no program but denies it once expired', () => {
    const pty = channelRequest.pty();
    const policy = (expiry: number) => expireWith<SSHChannelRequest>(() => expiry);

    expect(decisionOn(policy(FAR), pty)).toEqual(consider(pty));
    expect(decisionOn(policy(0), pty).state).toBe('denied');
  });

  it(
    'waits for an answer, and holds only the request whose answer never comes',
    marbles(({ clock, verdicts, expectVerdicts }) => {
      const bob = password('secret', 'bob');
      const policy = expireWith<SSHUserAuthRequest>(
        ({ user }) => (user === 'bob' ? NEVER : timer(2, clock.scheduler).pipe(map(() => 1))),
        { clock },
      );

      expectVerdicts(verdicts('ba--|', { a: request, b: bob }).pipe(policy)).toBe('---x-', {
        x: 'denied: not-permitted',
      });
    }),
  );

  it('takes the answer of a promise', async () => {
    const verdict = await new Promise((resolve) => {
      of(consider<SSHUserAuthRequest>(request))
        .pipe(expiring(Promise.resolve(1)))
        .subscribe(resolve);
    });

    expect(verdict).toEqual(refused);
  });

  it('denies with the failure when a promise rejects', async () => {
    const cause = new Error('no directory');
    const verdict = await new Promise((resolve) => {
      of(consider<SSHUserAuthRequest>(request))
        .pipe(expiring(Promise.reject(cause)))
        .subscribe(resolve);
    });

    expect(verdict).toEqual(deniedBy('expireWith', request, DenyReason.PolicyFailed, cause));
  });

  it.each<readonly [string, () => Answer<Expiry>]>([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['errors', () => throwError(() => new Error('broken'))],
    ['completes without a value', () => EMPTY],
    ['answers with no date', () => new Date(NaN)],
    ['answers NaN', () => NaN],
    // JavaScript may answer with anything, a database with null.
    ['answers null', () => null as unknown as Expiry],
    ['answers with a text', () => of('2026-01-01' as unknown as Expiry)],
  ])('denies with the failure if the callback %s', (_what, expiryOf) => {
    const verdict = decisionOn(expireWith<SSHUserAuthRequest>(expiryOf), request);

    expect(verdict).toMatchObject({ state: 'denied', reason: DenyReason.PolicyFailed });
    expect(verdict).toHaveProperty('cause', expect.any(Error));
  });

  it('refuses what is no function, no text and no duration when it is made', () => {
    // @ts-expect-error expiryOf is a function
    expect(() => expireWith(5)).toThrow(optionError('expireWith: expiryOf must be a function, got 5'));
    expect(() => expiring(5, { reason: ' ' })).toThrow(optionError("expireWith: reason must be a text, got ' '"));
    expect(() => expiring(5, { warnBeforeMs: Infinity })).toThrow(
      optionError('expireWith: warnBeforeMs must be a finite number from 0 on, or a list of them, got Infinity'),
    );
  });
});
