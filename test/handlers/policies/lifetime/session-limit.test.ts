import { describe, expect, it } from 'vitest';

import { sessionLimit, type SessionLimitOptions } from '../../../../src/handlers/policies/lifetime/session-limit.js';
import type { SSHChannelRequest } from '../../../../src/streams/events/ssh-channel-request.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { LeaseSignal } from '../../../../src/streams/lease.js';
import { consider } from '../../../../src/streams/verdict.js';
import { channelRequest } from '../../../../src/testing/channel-request.js';
import { held } from '../../../../src/testing/held.js';
import { marbles } from '../../../../src/testing/marbles.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { beginGrant } from '../begin-grant.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { exec, password } from '../requests.js';
import { signalsOf } from '../signals-of.js';
import { answersTo, decisionOn } from '../verdicts.js';
import { virtualTime } from '../virtual-time.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const request = password('secret');

const oneHour = (options: Partial<SessionLimitOptions> = {}) =>
  sessionLimit<SSHUserAuthRequest>({ limitMs: HOUR, ...options });

const warning = (left: string): LeaseSignal => ({ type: 'warn', message: `This session ends in ${left}` });
const revocation: LeaseSignal = {
  type: 'revoke',
  reason: 'this session has reached its limit of 1 hour',
  by: 'sessionLimit',
  graceMs: 0,
};

function signIn(options: Partial<SessionLimitOptions> = {}) {
  const time = virtualTime();
  const connection = held({ kind: 'connection', clock: time.clock });
  return { time, connection, grant: beginGrant(decisionOn(oneHour(options), request), connection) };
}

describe('sessionLimit', () => {
  obeysTheLawsOfPolicies<SSHUserAuthRequest>({
    name: 'sessionLimit',
    make: oneHour,
    decides: request,
    leases: 1,
  });

  it(
    'warns at each of its times and then ends what was granted',
    marbles(({ clock, expectEvents }) => {
      const verdict = decisionOn(oneHour({ warnBeforeMs: [MINUTE, 5 * MINUTE], graceMs: 10_000 }), request);
      expectEvents(signalsOf(verdict, held({ clock }))).toBe('55m a 239999ms b 59999ms (c|)', {
        a: warning('5 minutes'),
        b: warning('1 minute'),
        c: { ...revocation, graceMs: 10_000 },
      });
    }),
  );

  it('ends what is in full use, in the last millisecond and not before', () => {
    const { time, connection, grant } = signIn();
    for (let minute = 0; minute < 59; minute += 1) {
      time.advance(MINUTE);
      connection.receive(1);
    }
    time.advance(MINUTE - 1);
    expect(grant.signals).toEqual([]);
    time.advance(1);

    expect(grant.signals).toEqual([revocation]);
  });

  it('ends sessions of 60 days, which no single timer can wait for', () => {
    const { time, grant } = signIn({ limitMs: 60 * 24 * HOUR });
    time.advance(60 * 24 * HOUR - 1);
    expect(grant.revoked).toBe(false);
    time.advance(1);

    expect(grant.signals).toMatchObject([{ reason: 'this session has reached its limit of 60 days' }]);
  });

  it('leaves no timer behind when the session ends before', () => {
    const { time, grant } = signIn({ warnBeforeMs: [5 * MINUTE] });
    time.advance(MINUTE);
    grant.end();

    expect(time.timers).toBe(0);
  });

  it('limits the program of a channel once, not with each request for its terminal and environment', () => {
    const policy = sessionLimit<SSHChannelRequest>({ limitMs: HOUR });
    const leasesOf = (it: SSHChannelRequest) => {
      const verdict = decisionOn(policy, it);
      return verdict.state === 'denied' ? undefined : verdict.leases.length;
    };

    expect([channelRequest.shell(), exec('uptime'), channelRequest.subsystem('sftp')].map(leasesOf)).toEqual([1, 1, 1]);
    expect([channelRequest.pty(), channelRequest.env('LANG', 'C'), channelRequest.signal('INT')].map(leasesOf)).toEqual(
      [0, 0, 0],
    );
  });

  it('gives no new time when policies are replaced, and counts from the replacement if nobody counted before', () => {
    const { time, connection, grant } = signIn();
    const again = consider<SSHUserAuthRequest>(request, policyContext({ clock: time.clock, reevaluation: true }));
    const rejoin = (thing = connection) => {
      const [verdict] = answersTo(oneHour(), again);
      if (verdict === undefined) throw new Error('no verdict');
      return beginGrant(verdict, thing);
    };
    time.advance(45 * MINUTE);
    grant.end();
    const known = rejoin();
    const unknown = rejoin(held({ clock: time.clock }));
    time.advance(15 * MINUTE);
    expect(known.signals).toEqual([revocation]);
    expect(unknown.signals).toEqual([]);
    time.advance(45 * MINUTE);

    expect(unknown.signals).toEqual([revocation]);
  });

  it('starts anew for the next sign-in', () => {
    const time = virtualTime();
    const policy = oneHour();
    beginGrant(decisionOn(policy, request), held({ clock: time.clock })).end();
    time.advance(45 * MINUTE);
    const next = beginGrant(decisionOn(policy, request), held({ clock: time.clock }));
    time.advance(59 * MINUTE);

    expect(next.revoked).toBe(false);
  });

  it.each([
    [{ limitMs: 0 }, 'limitMs must be a finite number of milliseconds above 0, got 0'],
    [{ limitMs: NaN }, 'limitMs must be a finite number of milliseconds above 0, got NaN'],
    [{ warnBeforeMs: [MINUTE, HOUR] }, 'warnBeforeMs must be below 3600000, got [ 60000, 3600000 ]'],
    [{ warnBeforeMs: -1 }, 'warnBeforeMs must be a finite number from 0 on, or a list of them, got -1'],
    [{ warnBeforeMs: [NaN] }, 'warnBeforeMs must be a finite number from 0 on, or a list of them, got [ NaN ]'],
    [{ graceMs: -1 }, 'graceMs must be from 0 to 86400000, got -1'],
    [{ graceMs: 86_400_001 }, 'graceMs must be from 0 to 86400000, got 86400001'],
    [{ graceMs: NaN }, 'graceMs must be from 0 to 86400000, got NaN'],
  ])('refuses %o when it is made', (options, message) => {
    expect(() => oneHour(options)).toThrow(optionError(`sessionLimit: ${message}`));
  });

  it('takes 0 and an empty list for no warning', () => {
    for (const warnBeforeMs of [0, [], [0]]) {
      const { time, grant } = signIn({ warnBeforeMs });
      time.advance(HOUR);

      expect(grant.signals).toEqual([revocation]);
    }
  });
});
