import { throwError, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { tarpit, type TarpitOptions } from '../../../../src/handlers/policies/abuse/tarpit.js';
import { clockOf } from '../../../../src/streams/clock.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import { consider } from '../../../../src/streams/verdict.js';
import { authRequest } from '../../../../src/testing/auth-request.js';
import { marbles } from '../../../../src/testing/marbles.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { disconnectedEvent } from '../decisions.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { knock } from '../requests.js';
import { answersTo, decisionOn, denied, deniedBy, granted } from '../verdicts.js';

const ann: SSHUserAuthRequest = authRequest.password('ann', 'secret', { connection: 1 });
const bob: SSHUserAuthRequest = authRequest.password('bob', 'secret', { connection: 2 });
const eve: SSHUserAuthRequest = authRequest.password('eve', 'secret', { connection: 3 });
const requests = { a: ann, b: bob, e: eve };

const outcomes = {
  A: { outcome: 'open', request: ann },
  B: { outcome: 'open', request: bob },
  E: { outcome: 'open', request: eve },
  x: { outcome: 'denied', reason: DenyReason.LimitReached, by: 'tarpit' },
  y: { outcome: 'denied', reason: DenyReason.NotPermitted, by: 'tarpit' },
} as const;

describe('tarpit', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'tarpit',
    make: (options) => tarpit({ delayMs: 1_000, when: () => false, ...options }),
    decides: knock('192.0.2.1'),
  });

  it(
    'holds each request by itself for as long as it was told',
    marbles(({ verdicts, expectVerdicts, clock }) => {
      const source = verdicts('a-b---e-----|', requests);
      const expected = '       -----A-B---E|';

      expectVerdicts(source.pipe(tarpit({ delayMs: 5, clock }))).toBe(expected, outcomes);
    }),
  );

  it(
    'holds granted requests as well, passes them on as they are, and denied ones at once',
    marbles(({ verdicts, expectVerdicts, clock }) => {
      const source = verdicts('g-d---|', { g: granted(ann), d: denied(ann) });
      const expected = '       --d--g|';

      expectVerdicts(source.pipe(tarpit({ delayMs: 5, clock }))).toBe(expected, {
        d: { outcome: 'denied', by: 'earlier' },
        g: { outcome: 'granted', by: 'earlier', leases: 1 },
      });
    }),
  );

  it(
    'asks how long each request is to be held, where 0 is not at all',
    marbles(({ verdicts, expectVerdicts, clock }) => {
      const delays = { ann: 0, bob: 1, eve: 2 };
      const policy = tarpit<SSHUserAuthRequest>({
        delayMs: ({ user }) => delays[user as keyof typeof delays],
        maxHeld: 2,
        clock,
      });
      const source = verdicts('(abe)-|', requests);
      const expected = '       ABE---|';

      expectVerdicts(source.pipe(policy)).toBe(expected, outcomes);
    }),
  );

  it(
    'holds for weeks as well as for seconds',
    marbles(({ verdicts, expectVerdicts, clock }) => {
      const weeksMs = 40 * 24 * 60 * 60_000;

      expectVerdicts(verdicts('a|', requests).pipe(tarpit({ delayMs: weeksMs, clock }))).toBe(
        `${String(weeksMs)}ms (A|)`,
        outcomes,
      );
    }),
  );

  it(
    'holds only what it is told to, which may take a while to say',
    marbles(({ verdicts, expectVerdicts, answers, clock }) => {
      const policy = tarpit<SSHUserAuthRequest>({
        delayMs: 5,
        when: ({ user }) => answers(user === 'ann' ? '--(n|)' : '-(y|)', { y: true, n: false }),
        clock,
      });
      const source = verdicts('(ab)---|', requests);
      const expected = '       --A---B|';

      expectVerdicts(source.pipe(policy)).toBe(expected, outcomes);
    }),
  );

  it(
    'holds in doubt: when the question ends without an answer',
    marbles(({ verdicts, expectVerdicts, answers, clock }) => {
      const policy = tarpit<SSHUserAuthRequest>({ delayMs: 5, when: () => answers<boolean>('-|', {}), clock });
      const source = verdicts('a-------|', requests);
      const expected = '       ------A-|';

      expectVerdicts(source.pipe(policy)).toBe(expected, outcomes);
    }),
  );

  it(
    'denies what finds no place at once, and gives a place back when its hold is over',
    marbles(({ verdicts, expectVerdicts, clock }) => {
      const source = verdicts('ab-e----e-----|', requests);
      const expected = '       ---x-AB------E|';

      expectVerdicts(source.pipe(tarpit({ delayMs: 5, maxHeld: 2, clock }))).toBe(expected, outcomes);
    }),
  );

  it(
    'gives the places back of those whose subscriber goes away',
    marbles(({ verdicts, expectVerdicts, clock }) => {
      const policy = tarpit<SSHUserAuthRequest>({ delayMs: 5, maxHeld: 1, clock });
      const unsub = '               ^-!     ';
      const first = verdicts(' a       ', requests);
      const second = verdicts('-b-e----', requests);
      const expected = '       -x------E';

      expectVerdicts(first.pipe(policy), unsub).toBe('');
      expectVerdicts(second.pipe(policy)).toBe(expected, outcomes);
    }),
  );

  it(
    'gives the place back of a request whose connection ends',
    marbles(({ verdicts, expectVerdicts, events, clock }) => {
      const context = policyContext({ clock });
      events('-e-a', requests).subscribe(({ connection }) => {
        context.emit(disconnectedEvent(connection));
      });
      const source = verdicts('a-b-b----|', { a: consider(ann, context), b: consider(bob, context) });
      const expected = '       --xy-----(B|)';

      expectVerdicts(source.pipe(tarpit({ delayMs: 5, maxHeld: 1 }))).toBe(expected, outcomes);
    }),
  );

  it('goes by the clock of the server, and has it wait longer for its decision', () => {
    const scheduler = new VirtualTimeScheduler();
    const context = policyContext({ clock: clockOf(scheduler) });
    const answers = answersTo(tarpit<SSHUserAuthRequest>({ delayMs: 60_000 }), consider(ann, context));
    expect(answers).toEqual([]);
    expect(context.deadlines.get(ann)).toBeGreaterThan(60_000);
    scheduler.flush();

    expect(answers).toHaveLength(1);
    expect(scheduler.now()).toBe(60_000);
  });

  it('does not hold what was granted before and is asked again since policies were replaced', () => {
    const verdict = { ...granted(ann), context: policyContext({ reevaluation: true }) };

    expect(answersTo(tarpit<SSHUserAuthRequest>({ delayMs: 60_000 }), verdict)).toEqual([verdict]);
  });

  it.each([NaN, Infinity, -1])('denies, with the failure, a request that is to be held for %d ms', (delay) => {
    expect(decisionOn(tarpit<SSHUserAuthRequest>({ delayMs: () => delay }), ann)).toEqual(
      deniedBy(
        'tarpit',
        ann,
        DenyReason.PolicyFailed,
        new TypeError(`delayMs answered with ${String(delay)}, which is no length of time`),
      ),
    );
  });

  it('denies, with the failure, what a callback fails on', () => {
    const cause = new Error('broken');
    const fail = (): never => {
      throw cause;
    };
    const failed = deniedBy('tarpit', ann, DenyReason.PolicyFailed, cause);

    expect(decisionOn(tarpit<SSHUserAuthRequest>({ delayMs: fail }), ann)).toEqual(failed);
    expect(decisionOn(tarpit<SSHUserAuthRequest>({ delayMs: 5, when: fail }), ann)).toEqual(failed);
    expect(decisionOn(tarpit<SSHUserAuthRequest>({ delayMs: 5, when: () => throwError(fail) }), ann)).toEqual(failed);
  });

  it('denies, with the failure, when the question is rejected', async () => {
    const cause = new Error('broken');
    const policy = tarpit<SSHUserAuthRequest>({ delayMs: 5, when: () => Promise.reject(cause) });
    const answers = answersTo(policy, consider(ann));
    await Promise.resolve();
    await Promise.resolve();

    expect(answers).toEqual([deniedBy('tarpit', ann, DenyReason.PolicyFailed, cause)]);
  });

  it.each<[Partial<TarpitOptions<SSHUserAuthRequest>>, string]>([
    [{ delayMs: 0 }, 'delayMs must be a finite number of milliseconds above 0, got 0'],
    [{ delayMs: Infinity }, 'delayMs must be a finite number of milliseconds above 0, got Infinity'],
    [{ maxHeld: 0 }, 'maxHeld must be an integer of at least 1, got 0'],
  ])('refuses %o when it is made', (options, message) => {
    expect(() => tarpit({ delayMs: 5, ...options })).toThrow(optionError(`tarpit: ${message}`));
  });

  it('refuses, from JavaScript, a question that is no function', () => {
    // @ts-expect-error when is a function
    expect(() => tarpit({ delayMs: 5, when: true })).toThrow(optionError('tarpit: when must be a function, got true'));
  });
});
