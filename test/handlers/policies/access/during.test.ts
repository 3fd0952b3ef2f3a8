import { isObservable, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { during, type DuringOptions } from '../../../../src/handlers/policies/access/during.js';
import type { WeeklyWindow } from '../../../../src/handlers/policies/access/weekly-window.js';
import { type Clock, systemClock } from '../../../../src/streams/clock.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { LeaseSignal } from '../../../../src/streams/lease.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { authRequest } from '../../../../src/testing/auth-request.js';
import { held } from '../../../../src/testing/held.js';
import { marbles } from '../../../../src/testing/marbles.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { answersTo, decisionOn, denied, deniedBy, granted, lease } from '../verdicts.js';

type Auth = SSHUserAuthRequest;

const ann = authRequest.password('ann', 'secret');

const clockAt = (iso: string): Clock => ({ ...systemClock, now: () => Date.parse(iso) });

const NOON = clockAt('2026-07-01T12:00:00Z'); // a Wednesday
const NIGHT = clockAt('2026-07-01T23:00:00Z');
const OFFICE = ['mon-fri 08:00-18:00'];

/** What the last lease of a verdict says while a channel or connection is held. */
function signalsOf(verdict: Verdict<unknown>, clock: Clock): Observable<LeaseSignal> {
  const given = verdict.state === 'denied' ? undefined : verdict.leases.at(-1);
  if (given === undefined) throw new Error('the verdict has no lease');
  return isObservable(given) ? given : given(held({ clock }));
}

/** The lease of a window that is open now. Virtual time begins on a Thursday at midnight, UTC. */
const leaseOf = (window: string, clock: Clock, options: DuringOptions = {}): Observable<LeaseSignal> =>
  signalsOf(decisionOn(during<Auth>([window], { clock, ...options }), ann), clock);

const warn = (minutes: string): LeaseSignal => ({
  type: 'warn',
  message: `Your session ends in ${minutes}, when the permitted hours are over`,
});
const revoke: LeaseSignal = { type: 'revoke', reason: 'The permitted hours are over', by: 'during' };

describe('during', () => {
  obeysTheLawsOfPolicies<Auth>({
    name: 'during',
    make: (options) => during(OFFICE, { clock: NOON, endSessions: false, ...options }),
    decides: ann,
  });

  it('denies outside the hours, also what was granted before', () => {
    const refused = deniedBy<Auth>('during', ann, DenyReason.OutsideHours);
    const policy = during<Auth>(OFFICE, { clock: NIGHT });

    expect(answersTo(policy, consider<Auth>(ann), granted<Auth>(ann), denied<Auth>(ann))).toEqual([
      refused,
      refused,
      denied(ann),
    ]);
  });

  it('grants nothing inside the hours, and adds one lease to those that are there', () => {
    const [open, given] = answersTo(during<Auth>(OFFICE, { clock: NOON }), consider<Auth>(ann), granted<Auth>(ann));

    expect(open).toMatchObject({ state: 'open', leases: [expect.any(Function)] });
    expect(given).toMatchObject({ state: 'granted', by: 'earlier', leases: [lease, expect.any(Function)] });
  });

  it('adds no lease if sessions are not to end', () => {
    expect(decisionOn(during<Auth>(OFFICE, { clock: NOON, endSessions: false }), ann)).toEqual(consider(ann));
  });

  it(
    'denies until the first millisecond of the window, and from the first after it',
    marbles(({ verdicts, expectVerdicts, clock }) => {
      const source = '  a 59998ms a a 59999ms a a|';
      const expected = 'x 59998ms x o 59999ms x x|';
      const policy = during<Auth>(['thu 00:01-00:02'], { clock });

      expectVerdicts(verdicts<Auth>(source, { a: ann }).pipe(policy)).toBe(expected, {
        x: { outcome: 'denied', by: 'during', reason: DenyReason.OutsideHours },
      });
    }),
  );

  it('reads windows in the time zone that it is given', () => {
    const state = (timeZone: string): string =>
      decisionOn(during<Auth>(['12:00-12:01'], { timeZone, clock: NOON }), ann).state;

    expect(state('UTC')).toBe('open');
    expect(state('Europe/Berlin')).toBe('denied');
    expect(state('Africa/Abidjan')).toBe('open');
  });

  it('goes by the clock of the server that asks unless it has its own', () => {
    const asked = (clock: Clock, options: DuringOptions = {}): string | undefined =>
      answersTo(during<Auth>(OFFICE, options), consider<Auth>(ann, policyContext({ clock })))[0]?.state;

    expect(asked(NOON)).toBe('open');
    expect(asked(NIGHT)).toBe('denied');
    expect(asked(NIGHT, { clock: NOON })).toBe('open');
  });

  it('denies again those who are asked again', () => {
    const context = policyContext({ clock: NIGHT, reevaluation: true });
    const verdict: Verdict<Auth> = { ...granted<Auth>(ann), context };

    expect(answersTo(during<Auth>(OFFICE), verdict)[0]).toMatchObject({ state: 'denied' });
  });

  it(
    'warns five minutes before the end and revokes at the end',
    marbles(({ expectEvents, clock }) => {
      expectEvents(leaseOf('thu 00:00-00:20', clock)).toBe('15m w 299999ms (r|)', { w: warn('5 minutes'), r: revoke });
    }),
  );

  it(
    'warns as early as it is told',
    marbles(({ expectEvents, clock }) => {
      const lease$ = leaseOf('thu 00:00-00:20', clock, { warnBeforeMs: 60_000, name: 'shift' });

      expectEvents(lease$).toBe('19m w 59999ms (r|)', { w: warn('1 minute'), r: { ...revoke, by: 'shift' } });
    }),
  );

  it(
    'warns at once whoever comes in the last minutes',
    marbles(({ expectEvents, clock }) => {
      expectEvents(leaseOf('thu 00:00-00:02', clock)).toBe('w 119999ms (r|)', { w: warn('2 minutes'), r: revoke });
    }),
  );

  it(
    'warns nobody if told so',
    marbles(({ expectEvents, clock }) => {
      expectEvents(leaseOf('thu 00:00-00:20', clock, { warnBeforeMs: 0 })).toBe('20m (r|)', { r: revoke });
    }),
  );

  it(
    'computes the end when the grant begins, and revokes at once if that is too late',
    marbles(({ expectEvents, clock }) => {
      const lease$ = leaseOf('thu 00:00-00:10', clock);

      expectEvents(lease$, '     8m ^').toBe('8m w 119999ms (r|)', { w: warn('2 minutes'), r: revoke });
      expectEvents(lease$, '    10m ^').toBe('10m (r|)', { r: revoke });
    }),
  );

  it(
    'holds nothing once the grant is over',
    marbles(({ expectEvents, clock }) => {
      expectEvents(leaseOf('thu 00:00-00:20', clock), '^ 16m !').toBe('15m w', { w: warn('5 minutes') });
    }),
  );

  it(
    'waits for as long as the hours last, and says nothing where they never end',
    marbles(({ expectEvents, clock }) => {
      const allButAnHour = leaseOf('thu 00:00-23:00', clock, { warnBeforeMs: 0 });
      const always = leaseOf('00:00-24:00', clock);

      expectEvents(allButAnHour).toBe(`${String(23 * 60)}m (r|)`, { r: revoke });
      expectEvents(always, `^ ${String(60 * 24 * 60)}m !`).toBe('-');
    }),
  );

  it(
    'lasts over windows that touch, and warns at once if told to warn earlier than it can',
    marbles(({ expectEvents, clock }) => {
      const sixDays = during<Auth>(['thu-sun 00:00-24:00', 'mon-tue 00:00-24:00'], { clock, warnBeforeMs: 2 ** 33 });

      expectEvents(signalsOf(decisionOn(sixDays, ann), clock)).toBe(`w ${String(6 * 24 * 3_600_000 - 1)}ms (r|)`, {
        w: warn('8640 minutes'),
        r: revoke,
      });
    }),
  );

  it.each<readonly [readonly (WeeklyWindow | string)[], DuringOptions, string]>([
    [
      ['mon 8-18'],
      {},
      "windows has an entry that cannot be used, since it is not of the form mon-fri 08:00-18:00, got 'mon 8-18'",
    ],
    [
      [{ from: '18:00', to: '18:00' }],
      {},
      "windows has an entry that cannot be used, since it ends when it begins; a whole day is 00:00-24:00, got { from: '18:00', to: '18:00' }",
    ],
    [OFFICE, { timeZone: 'Mars/Olympus' }, "timeZone must be a time zone such as Europe/Berlin, got 'Mars/Olympus'"],
    [OFFICE, { warnBeforeMs: -1 }, 'warnBeforeMs must be a finite number of milliseconds of at least 0, got -1'],
    [
      OFFICE,
      { warnBeforeMs: Infinity },
      'warnBeforeMs must be a finite number of milliseconds of at least 0, got Infinity',
    ],
  ])('refuses %j with %j when it is made', (windows, options, message) => {
    expect(() => during(windows, options)).toThrow(optionError(`during: ${message}`));
  });

  it('refuses, from JavaScript, what is no array or flag', () => {
    // @ts-expect-error windows are an array
    expect(() => during('mon-fri 08:00-18:00')).toThrow(
      optionError("during: windows must be an array of windows, got 'mon-fri 08:00-18:00'"),
    );
    // @ts-expect-error endSessions is a flag
    expect(() => during(OFFICE, { endSessions: 'no' })).toThrow(
      optionError("during: endSessions must be true or false, got 'no'"),
    );
  });
});
