import { describe, expect, it } from 'vitest';

import { loginGrace, type LoginGraceOptions } from '../../../../src/handlers/policies/lifetime/login-grace.js';
import type { LeaseSignal } from '../../../../src/streams/lease.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import { held } from '../../../../src/testing/held.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { beginGrant } from '../begin-grant.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { knock } from '../requests.js';
import { answersTo, decisionOn } from '../verdicts.js';
import { virtualTime } from '../virtual-time.js';

const request = knock('192.0.2.7');
const ann = { user: 'ann', method: 'password' };
const revocation: LeaseSignal = {
  type: 'revoke',
  reason: 'nobody signed in within 2 minutes',
  by: 'loginGrace',
  graceMs: 0,
};

const twoMinutes = (options: Partial<LoginGraceOptions> = {}) => loginGrace({ graceMs: 120_000, ...options });

function connect(options: Partial<LoginGraceOptions> = {}) {
  const time = virtualTime();
  const connection = held({ kind: 'connection', clock: time.clock });
  return { time, connection, grant: beginGrant(decisionOn(twoMinutes(options), request), connection) };
}

describe('loginGrace', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({ name: 'loginGrace', make: twoMinutes, decides: request, leases: 1 });

  it('leaves the request to others', () => {
    expect(decisionOn(twoMinutes(), request)).toMatchObject({ state: 'open', leases: [expect.any(Function)] });
  });

  it('ends a connection on which nobody has signed in, in the last millisecond and not before', () => {
    const { time, grant } = connect();
    time.advance(119_999);
    expect(grant.signals).toEqual([]);
    time.advance(1);

    expect(grant.signals).toEqual([revocation]);
    expect(time.timers).toBe(0);
  });

  it('is over, timer and all, once somebody has signed in', () => {
    const { time, connection, grant } = connect({ warnBeforeMs: 30_000 });
    time.advance(60_000);
    connection.authenticate(ann);
    expect(time.timers).toBe(0);
    time.advance(1_000_000);

    expect(grant.signals).toEqual([]);
  });

  it('does not begin if somebody has signed in already', () => {
    const time = virtualTime();
    const connection = held({ kind: 'connection', clock: time.clock, identity: ann });
    beginGrant(decisionOn(twoMinutes(), request), connection);

    expect(time.timers).toBe(0);
  });

  it('takes its timer away with the connection', () => {
    const { time, grant } = connect();
    grant.end();

    expect(time.timers).toBe(0);
  });

  it('warns before, under the name it was given', () => {
    const { time, grant } = connect({ warnBeforeMs: [60_000, 30_000], name: 'patience' });
    time.advance(120_000);

    expect(grant.signals).toEqual([
      { type: 'warn', message: 'Please sign in: this connection closes in 1 minute' },
      { type: 'warn', message: 'Please sign in: this connection closes in 30 seconds' },
      { ...revocation, by: 'patience' },
    ]);
  });

  it('goes by its own clock if it has one', () => {
    const own = virtualTime();
    const { time, grant } = connect({ clock: own.clock });
    time.advance(200_000);
    expect(grant.revoked).toBe(false);
    own.advance(120_000);

    expect(grant.revoked).toBe(true);
  });

  it('gives no new time when policies are replaced', () => {
    const { time, connection, grant } = connect();
    time.advance(100_000);
    const again = consider<ConnectionRequest>(request, policyContext({ clock: time.clock, reevaluation: true }));
    const [verdict] = answersTo(twoMinutes(), again) as [Verdict<ConnectionRequest>];
    grant.end();
    const next = beginGrant(verdict, connection);
    time.advance(19_999);
    expect(next.revoked).toBe(false);
    time.advance(1);

    expect(next.signals).toEqual([revocation]);
  });

  it.each([
    [{ graceMs: 0 }, 'graceMs must be a finite number of milliseconds above 0, got 0'],
    [{ graceMs: Infinity }, 'graceMs must be a finite number of milliseconds above 0, got Infinity'],
    [{ warnBeforeMs: 120_000 }, 'warnBeforeMs must be below 120000, got 120000'],
  ])('refuses %o when it is made', (options, message) => {
    expect(() => twoMinutes(options)).toThrow(optionError(`loginGrace: ${message}`));
  });
});
