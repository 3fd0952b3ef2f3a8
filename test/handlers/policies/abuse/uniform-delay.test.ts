import { NEVER, Observable, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';

import { denyWhen } from '../../../../src/handlers/policies/composition/deny-when.js';
import { grantKeyboardInteractive } from '../../../../src/handlers/policies/authentication/grant-keyboard-interactive.js';
import { grantPassword, type VerifyPassword } from '../../../../src/handlers/policies/authentication/grant-password.js';
import { grantPublicKey } from '../../../../src/handlers/policies/authentication/grant-public-key.js';
import { grantWhen } from '../../../../src/handlers/policies/composition/grant-when.js';
import { uniformDelay, type UniformDelayOptions } from '../../../../src/handlers/policies/abuse/uniform-delay.js';
import { clockOf } from '../../../../src/streams/clock.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { ConnectionRequest } from '../../../../src/streams/events/connection-request.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import { consider, type Verdict } from '../../../../src/streams/verdict.js';
import { authRequest } from '../../../../src/testing/auth-request.js';
import { marbles, type MarbleTools } from '../../../../src/testing/marbles.js';
import { policyContext } from '../../../../src/testing/policy-context.js';
import { disconnectedEvent } from '../decisions.js';
import { keyOf, lineOf } from '../keys.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { knock } from '../requests.js';
import { answersTo, denied, granted } from '../verdicts.js';

const ann = (password: string, connection = 1): SSHUserAuthRequest =>
  authRequest.password('ann', password, { connection });
const requests = {
  r: ann('right', 1),
  w: ann('wrong', 2),
  u: authRequest.password('nobody', 'guess', { connection: 3 }),
  n: authRequest.none('ann', { connection: 4 }),
};

const outcomes = {
  g: { outcome: 'granted', by: 'grantPassword', request: requests.r },
  W: { outcome: 'declined', reason: DenyReason.BadCredential, by: 'grantPassword', request: requests.w },
  U: { outcome: 'declined', reason: DenyReason.BadCredential, by: 'grantPassword', request: requests.u },
  N: { outcome: 'open', request: requests.n },
  x: { outcome: 'denied', reason: DenyReason.LimitReached, by: 'uniformDelay' },
  y: { outcome: 'denied', reason: DenyReason.NotPermitted, by: 'uniformDelay' },
} as const;

/** Who does not exist is refused at once; for the others a check takes 3 ms. */
const verifyIn =
  ({ answers }: Pick<MarbleTools, 'answers'>): VerifyPassword =>
  (user, password) =>
    user === 'nobody' ? false : answers('---(x|)', { x: password === 'right' });

const refuseAll = <R>(verdict$: Observable<Verdict<R>>): Observable<Verdict<R>> => denyWhen<R>(() => true)(verdict$);

describe('uniformDelay', () => {
  obeysTheLawsOfPolicies<ConnectionRequest>({
    name: 'uniformDelay',
    make: (options) =>
      uniformDelay(
        grantWhen<ConnectionRequest>(() => true),
        { floorMs: 1_000, ...options },
      ),
    decides: knock('192.0.2.1'),
  });

  it(
    'refuses an unknown user and a wrong password after exactly the same time, and grants at once',
    marbles(({ verdicts, expectVerdicts, ...tools }) => {
      const policy = uniformDelay(grantPassword(verifyIn(tools)), { floorMs: 10, clock: tools.clock });
      const unknown = verdicts('u----------|', requests);
      const wrong = verdicts('  w----------|', requests);
      const right = verdicts('  r----------|', requests);

      expectVerdicts(unknown.pipe(policy)).toBe('----------U|', outcomes);
      expectVerdicts(wrong.pipe(policy)).toBe('  ----------W|', outcomes);
      expectVerdicts(right.pipe(policy)).toBe('  ---g-------|', outcomes);
    }),
  );

  it(
    'holds each by its own time, and what the policy has no opinion on as well',
    marbles(({ verdicts, expectVerdicts, ...tools }) => {
      const policy = uniformDelay(grantPassword(verifyIn(tools)), { floorMs: 10, clock: tools.clock });
      const source = verdicts('uwnr-----------|', requests);
      const expected = '       ------g---UWN--|';

      expectVerdicts(source.pipe(policy)).toBe(expected, outcomes);
    }),
  );

  it(
    'adds nothing to a check that takes longer than the floor',
    marbles(({ verdicts, expectVerdicts, ...tools }) => {
      const policy = uniformDelay(grantPassword(verifyIn(tools)), { floorMs: 2, clock: tools.clock });
      const source = verdicts('w----|', requests);
      const expected = '       ---W-|';

      expectVerdicts(source.pipe(policy)).toBe(expected, outcomes);
    }),
  );

  it(
    'holds a refusal for a check that fails',
    marbles(({ verdicts, expectVerdicts, clock }) => {
      const broken = grantPassword(() => {
        throw new Error('broken');
      });
      const source = verdicts('w----------|', requests);
      const expected = '       ----------f|';

      expectVerdicts(source.pipe(uniformDelay(broken, { floorMs: 10, clock }))).toBe(expected, {
        f: 'denied: policy-failed',
      });
    }),
  );

  it(
    'passes challenges and accepted offers at once, and holds a key that is not accepted',
    marbles(({ verdicts, expectVerdicts, clock }) => {
      const policy = uniformDelay<SSHUserAuthRequest>(
        (verdict$) =>
          verdict$.pipe(
            grantPublicKey(lineOf(keyOf(1))),
            grantKeyboardInteractive({ prompts: [{ text: 'Code: ' }], verify: () => false }),
          ),
        { floorMs: 10, clock },
      );
      const source = verdicts('ksx---------|', {
        k: authRequest.offeredKey('ann', lineOf(keyOf(1))),
        s: authRequest.keyboardInteractive('ann'),
        x: authRequest.offeredKey('ann', lineOf(keyOf(2))),
      });
      const expected = '       kc----------(x|)';

      expectVerdicts(source.pipe(policy)).toBe(expected, { x: 'declined: key-not-accepted' });
    }),
  );

  it(
    'passes what others have denied at once, without asking the policy',
    marbles(({ verdicts, expectVerdicts, clock }) => {
      const source = verdicts('d|', { d: denied(requests.w) });
      const never = grantPassword(() => {
        throw new Error('asked');
      });

      expectVerdicts(source.pipe(uniformDelay(never, { floorMs: 10, clock }))).toBe('d|', {
        d: { outcome: 'denied', by: 'earlier' },
      });
    }),
  );

  it(
    'holds what the policy denies although another had granted it',
    marbles(({ verdicts, expectVerdicts, clock }) => {
      const source = verdicts('g----------|', { g: granted(requests.w) });
      const expected = '       ----------x|';

      expectVerdicts(source.pipe(uniformDelay(refuseAll, { floorMs: 10, clock }))).toBe(expected, {
        x: { outcome: 'denied', by: 'denyWhen' },
      });
    }),
  );

  it(
    'denies what finds no place at once and without asking the policy, whoever it is about',
    marbles(({ verdicts, expectVerdicts, ...tools }) => {
      const asked: string[] = [];
      const verify = verifyIn(tools);
      const policy = uniformDelay(
        grantPassword((user, password, request) => {
          asked.push(user);
          return verify(user, password, request);
        }),
        { floorMs: 10, maxHeld: 1, clock: tools.clock },
      );
      const source = verdicts('wur--------u---------|', requests);
      const expected = '       -xx-------W----------(U|)';

      expectVerdicts(source.pipe(policy)).toBe(expected, outcomes);
      tools.clock.scheduler.schedule(() => {
        expect(asked).toEqual(['ann', 'nobody']);
      }, 30);
    }),
  );

  it(
    'gives the places back of those whose connection ends, even if the policy never answers',
    marbles(({ verdicts, expectVerdicts, events, clock }) => {
      const context = policyContext({ clock });
      events('-n-w', requests).subscribe(({ connection }) => {
        context.emit(disconnectedEvent(connection));
      });
      const policy = uniformDelay(
        grantPassword((user) => (user === 'nobody' ? false : NEVER)),
        { floorMs: 5, maxHeld: 1 },
      );
      const source = verdicts('w-u-u-----', { w: consider(requests.w, context), u: consider(requests.u, context) });
      const expected = '       --xy-----U';

      expectVerdicts(source.pipe(policy)).toBe(expected, outcomes);
    }),
  );

  it(
    'gives the places back of those whose subscriber goes away',
    marbles(({ verdicts, expectVerdicts, clock }) => {
      const policy = uniformDelay(
        grantPassword(() => false),
        { floorMs: 5, maxHeld: 1, clock },
      );
      const unsub = '               ^-!      ';
      const first = verdicts(' w        ', requests);
      const second = verdicts('-u-u-----', requests);
      const expected = '       -x------U';

      expectVerdicts(first.pipe(policy), unsub).toBe('');
      expectVerdicts(second.pipe(policy)).toBe(expected, outcomes);
    }),
  );

  it('lets a refusal take longer by chance, within bounds', () => {
    const scheduler = new VirtualTimeScheduler();
    const clock = clockOf(scheduler);
    const times: number[] = [];
    const policy = uniformDelay(
      grantPassword(() => false),
      { floorMs: 10, jitterMs: 5, clock },
    );
    for (let count = 0; count < 200; count += 1) {
      policy(
        new Observable((subscriber) => {
          subscriber.next(consider(ann('wrong', count)));
        }),
      ).subscribe(() => times.push(clock.now()));
    }
    scheduler.flush();

    expect(times).toHaveLength(200);
    // Each of the six is missing once in 10^15 runs.
    expect(new Set(times)).toEqual(new Set([10, 11, 12, 13, 14, 15]));
  });

  it('goes by the clock of the server, and has it wait longer for its decision', () => {
    const scheduler = new VirtualTimeScheduler();
    const context = policyContext({ clock: clockOf(scheduler) });
    const policy = uniformDelay(
      grantPassword(() => false),
      { floorMs: 60_000 },
    );
    const answers = answersTo(policy, consider<SSHUserAuthRequest>(requests.w, context));
    expect(answers).toEqual([]);
    expect(context.deadlines.get(requests.w)).toBeGreaterThan(60_000);
    scheduler.flush();

    expect(answers).toHaveLength(1);
    expect(scheduler.now()).toBe(60_000);
  });

  it('asks its policy, but holds nothing, when policies were replaced', () => {
    const refuse = uniformDelay<ConnectionRequest>(refuseAll, { floorMs: 60_000 });
    const verdict = { ...granted(knock('192.0.2.1')), context: policyContext({ reevaluation: true }) };

    expect(answersTo(refuse, verdict)).toMatchObject([{ state: 'denied', by: 'denyWhen' }]);
  });

  it.each<[Partial<UniformDelayOptions>, string]>([
    [{ floorMs: 0 }, 'floorMs must be a finite number of milliseconds above 0, got 0'],
    [{ jitterMs: -1 }, 'jitterMs must be an integer of at least 0 and below 2^31, got -1'],
    [{ jitterMs: 0.5 }, 'jitterMs must be an integer of at least 0 and below 2^31, got 0.5'],
    [{ jitterMs: 2 ** 31 }, 'jitterMs must be an integer of at least 0 and below 2^31, got 2147483648'],
    [{ maxHeld: 0 }, 'maxHeld must be an integer of at least 1, got 0'],
  ])('refuses %o when it is made', (options, message) => {
    expect(() =>
      uniformDelay(
        grantPassword(() => true),
        { floorMs: 5, ...options },
      ),
    ).toThrow(optionError(`uniformDelay: ${message}`));
  });

  it('refuses, from JavaScript, a policy that is no function', () => {
    // @ts-expect-error a policy is a function
    expect(() => uniformDelay({}, { floorMs: 5 })).toThrow(
      optionError('uniformDelay: policy must be a function, got {}'),
    );
  });
});
