import { EMPTY, NEVER, of } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

import {
  grantKeyboardInteractive,
  type KeyboardInteractiveOptions,
} from '../../../../src/handlers/policies/authentication/grant-keyboard-interactive.js';
import type { Challenge } from '../../../../src/streams/challenge.js';
import { DenyReason } from '../../../../src/streams/deny-reason.js';
import type { SSHUserAuthRequest } from '../../../../src/streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../../src/streams/policy.js';
import { consider, type GrantedVerdict } from '../../../../src/streams/verdict.js';
import { policyContext } from '../../../../src/testing/index.js';
import { marbles } from '../../../support/marbles.js';
import { obeysTheLawsOfPolicies, optionError } from '../policy-laws.js';
import { authRequests, interactiveAnswer, interactiveStart } from '../requests.js';
import { answersTo, decisionOn, deniedBy, granted, grantedBy } from '../verdicts.js';

const by = 'grantKeyboardInteractive';
const prompts = [{ text: 'Code: ' }];
const right = interactiveAnswer(1, '123456');
const wrong = interactiveAnswer(1, '000000');

const code = (options: Partial<KeyboardInteractiveOptions> = {}): Policy<SSHUserAuthRequest> =>
  grantKeyboardInteractive({ prompts, verify: (_user, [answer]) => answer === '123456', ...options });

const challenged = (request: SSHUserAuthRequest, challenge: Challenge): GrantedVerdict<SSHUserAuthRequest> => ({
  ...grantedBy(by, request),
  challenge,
});

const values = {
  s: consider<SSHUserAuthRequest>(interactiveStart),
  r: consider<SSHUserAuthRequest>(right),
  w: consider<SSHUserAuthRequest>(wrong),
  S: challenged(interactiveStart, { prompts }),
  R: grantedBy<SSHUserAuthRequest>(by, right),
  W: deniedBy<SSHUserAuthRequest>(by, wrong, DenyReason.BadCredential),
  F: deniedBy<SSHUserAuthRequest>(by, wrong, DenyReason.PolicyFailed, 'broken'),
};

describe('grantKeyboardInteractive', () => {
  obeysTheLawsOfPolicies<SSHUserAuthRequest>({
    name: 'grantKeyboardInteractive',
    make: (options) => code(options),
    decides: wrong,
    spares: right,
  });

  it(
    'asks, grants the right answers and denies the wrong ones, at once',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -s-r-w-(srw)|', values);
      const expected = '    -S-R-W-(SRW)|';
      const subs = '        ^-----------!';

      expectObservable(source.pipe(code())).toBe(expected, values);
      expectSubscriptions(source.subscriptions).toBe(subs);
    }),
  );

  it(
    'judges side by side, and denies only the request whose check fails',
    marbles(({ cold, hot, expectObservable }) => {
      const source = hot('  wr-------|', values);
      const fails = cold<boolean>('  ------#', {}, 'broken');
      const agrees = cold('  --t|', { t: true });
      const expected = '    ---R--F--|';

      expectObservable(source.pipe(code({ verify: (_user, [answer]) => (answer === '123456' ? agrees : fails) }))).toBe(
        expected,
        values,
      );
    }),
  );

  it(
    'is not held up by questions that are never made',
    marbles(({ hot, expectObservable }) => {
      const source = hot('  sr-|', values);
      const expected = '    -R--';

      expectObservable(source.pipe(code({ prompts: () => NEVER }))).toBe(expected, values);
    }),
  );

  it('hands the user, the texts of the answers and the request to verify', () => {
    const verify = vi.fn(() => true);
    const request = interactiveAnswer(1, 'one', 'two');

    decisionOn(code({ verify }), request);

    expect(verify).toHaveBeenCalledExactlyOnceWith('ann', ['one', 'two'], request);
  });

  it('asks what a function makes for the request', () => {
    const questions: Challenge = { name: 'Second step', instruction: 'Hello ann', prompts };

    expect(
      decisionOn(
        code({ prompts: (request) => ({ ...questions, instruction: `Hello ${request.user}` }) }),
        interactiveStart,
      ),
    ).toEqual(challenged(interactiveStart, questions));
  });

  it('asks what a promise brings', async () => {
    const verdict = await new Promise((resolve) => {
      of(values.s)
        .pipe(code({ prompts: () => Promise.resolve({ prompts }) }))
        .subscribe(resolve);
    });

    expect(verdict).toEqual(values.S);
  });

  it('asks again, by what the answered request calls for, until the last round', () => {
    const policy = code({
      prompts: (request) => ({
        prompts: [{ text: request.stage === 'answered' ? `Try ${String(request.round)}: ` : '' }],
      }),
      verify: () => 'again',
      maxRounds: 2,
    });
    const first = interactiveAnswer(1, 'x');
    const second = interactiveAnswer(2, 'x');

    expect(decisionOn(policy, first)).toEqual(challenged(first, { prompts: [{ text: 'Try 1: ' }] }));
    expect(decisionOn(policy, second)).toEqual(deniedBy(by, second, DenyReason.BadCredential));
  });

  it('asks three rounds at most unless told otherwise', () => {
    const policy = code({ verify: () => 'again' });

    expect([1, 2, 3, 4].map((round) => decisionOn(policy, interactiveAnswer(round, 'x')).state)).toEqual([
      'granted',
      'granted',
      'denied',
      'denied',
    ]);
  });

  it('asks again after a promise said so, with questions that a promise brings', async () => {
    const policy = code({ verify: () => Promise.resolve('again'), prompts: () => Promise.resolve({ prompts }) });
    const verdict = await new Promise((resolve) => {
      of(values.w).pipe(policy).subscribe(resolve);
    });

    expect(verdict).toEqual(challenged(wrong, { prompts }));
  });

  describe('with verifyAnswer', () => {
    const each = (options: Partial<KeyboardInteractiveOptions> = {}): Policy<SSHUserAuthRequest> =>
      grantKeyboardInteractive({ prompts, verifyAnswer: (_user, text, number) => text === String(number), ...options });

    it('asks about each answer by its number, from 1, and about all of them together at the end', () => {
      const verifyAnswer = vi.fn(() => true);
      const verify = vi.fn(() => true);
      const request = interactiveAnswer(1, 'one', 'two');

      expect(decisionOn(each({ verifyAnswer, verify }), request)).toEqual(grantedBy(by, request));
      expect(verifyAnswer.mock.calls).toEqual([
        ['ann', 'one', 1, request],
        ['ann', 'two', 2, request],
      ]);
      expect(verify).toHaveBeenCalledExactlyOnceWith('ann', ['one', 'two'], request);
    });

    it('grants without verify if every answer is right', () => {
      const request = interactiveAnswer(1, '1', '2');

      expect(decisionOn(each(), request)).toEqual(grantedBy(by, request));
    });

    it.each([['x', '2'], ['1', 'x'], ['2', '1'], ['']])('denies if one of %j is wrong', (...answers) => {
      const request = interactiveAnswer(1, ...answers);

      expect(decisionOn(each(), request)).toEqual(deniedBy(by, request, DenyReason.BadCredential));
    });

    it('asks about the others behind a wrong one, and not about all of them together', () => {
      const verifyAnswer = vi.fn((_user: string, text: string) => text !== 'wrong');
      const verify = vi.fn(() => true);

      decisionOn(each({ verifyAnswer, verify }), interactiveAnswer(1, 'wrong', 'right', 'right'));

      expect(verifyAnswer).toHaveBeenCalledTimes(3);
      expect(verify).not.toHaveBeenCalled();
    });

    it('denies a round without answers, of which nothing has been shown, unless verify takes it', () => {
      const request = interactiveAnswer(1);

      expect(decisionOn(each({ prompts: [] }), request)).toEqual(deniedBy(by, request, DenyReason.BadCredential));
      expect(decisionOn(each({ prompts: [], verify: () => true }), request)).toEqual(grantedBy(by, request));
      expect(decisionOn(each({ verify: () => 'again' }), request)).toEqual(challenged(request, { prompts }));
    });

    it.each([
      ['completes without a value', () => EMPTY],
      ['answers a text', () => 'yes' as unknown as boolean],
    ])('denies if it %s', (_what, verifyAnswer) => {
      expect(decisionOn(each({ verifyAnswer }), wrong)).toEqual(values.W);
    });

    it('denies what it throws on, with the cause', () => {
      expect(decisionOn(each({ verifyAnswer: broken }), wrong)).toEqual(
        deniedBy(by, wrong, DenyReason.PolicyFailed, new Error('broken')),
      );
    });

    it('waits for promises, one after the other', async () => {
      const request = interactiveAnswer(1, '1', '2');
      const verifyAnswer = (_user: string, text: string, number: number) => Promise.resolve(text === String(number));
      const verdict = await new Promise((resolve) => {
        of(consider<SSHUserAuthRequest>(request)).pipe(each({ verifyAnswer })).subscribe(resolve);
      });

      expect(verdict).toEqual(grantedBy(by, request));
    });

    it('asks nobody where a recording knows', () => {
      const verifyAnswer = vi.fn(() => true);
      const context = { ...policyContext(), recall: () => 'wrong' as const };

      expect(answersTo(each({ verifyAnswer }), consider<SSHUserAuthRequest>(right, context))).toMatchObject([
        { state: 'denied', reason: DenyReason.BadCredential },
      ]);
      expect(verifyAnswer).not.toHaveBeenCalled();
    });
  });

  it('asks each connection its own questions', () => {
    const policy = code({ prompts: ({ connection }) => ({ instruction: connection.remoteAddress, prompts }) });
    const elsewhere = { ...interactiveStart, connection: { ...interactiveStart.connection, remoteAddress: '::1' } };

    expect(decisionOn(policy, interactiveStart)).toMatchObject({ challenge: { instruction: '192.0.2.7' } });
    expect(decisionOn(policy, elsewhere)).toMatchObject({ challenge: { instruction: '::1' } });
  });

  it.each([
    ['completes without a value', () => EMPTY],
    // JavaScript may answer with anything.
    ['answers a text of its own', () => 'yes' as unknown as boolean],
  ])('denies if verify %s', (_what, verify) => {
    expect(decisionOn(code({ verify }), wrong)).toEqual(values.W);
  });

  it.each([
    ['verify', { verify: broken }, wrong],
    ['prompts', { prompts: broken }, interactiveStart],
  ] as const)('denies what %s throws on, with the cause', (_what, options, request) => {
    expect(decisionOn(code(options), request)).toEqual(
      deniedBy(by, request, DenyReason.PolicyFailed, new Error('broken')),
    );
  });

  it('denies if no questions were made', () => {
    expect(decisionOn(code({ prompts: () => EMPTY }), interactiveStart)).toEqual(
      deniedBy(by, interactiveStart, DenyReason.PolicyFailed, new TypeError('prompts completed without questions')),
    );
  });

  it('denies what a promise rejects, with the cause', async () => {
    const verdict = await new Promise((resolve) => {
      of(values.w)
        .pipe(code({ verify: () => Promise.reject(new Error('broken')) }))
        .subscribe(resolve);
    });

    expect(verdict).toEqual(deniedBy(by, wrong, DenyReason.PolicyFailed, new Error('broken')));
  });

  it('neither asks nor judges what was granted before', () => {
    const verify = vi.fn(() => false);

    answersTo(code({ verify }), granted<SSHUserAuthRequest>(right));

    expect(verify).not.toHaveBeenCalled();
  });

  it.each(Object.entries(authRequests).filter(([, request]) => request.method !== 'keyboard-interactive'))(
    'leaves requests of another kind open: %s',
    (_kind, request) => {
      expect(decisionOn(code(), request)).toEqual(consider(request));
    },
  );

  it('asks what the prompts were when it was made', () => {
    const list = [{ text: 'Code: ' }];
    const policy = code({ prompts: list });
    list.push({ text: 'Another: ' });

    expect(decisionOn(policy, interactiveStart)).toEqual(values.S);
  });

  it.each([
    [
      { prompts: Array.from({ length: 17 }, () => ({ text: '?' })) },
      'prompts must be a function or at most 16 prompts',
    ],
    [{ maxRounds: 0 }, 'maxRounds must be an integer of at least 1, got 0'],
    [{ maxRounds: 1.5 }, 'maxRounds must be an integer of at least 1, got 1.5'],
  ])('refuses %o when it is made', (options, message) => {
    expect(() => code(options)).toThrow(
      optionError(expect.stringContaining(`grantKeyboardInteractive: ${message}`) as string),
    );
  });

  it('takes sixteen prompts and none', () => {
    expect(() => code({ prompts: Array.from({ length: 16 }, () => ({ text: '?' })) })).not.toThrow();
    expect(decisionOn(code({ prompts: [] }), interactiveStart)).toEqual(challenged(interactiveStart, { prompts: [] }));
  });

  it('refuses, from JavaScript, what is no prompt and no function', () => {
    const message =
      'grantKeyboardInteractive: prompts must be a function or at most 16 prompts, each with a text, got ';
    // @ts-expect-error prompts are a list
    expect(() => code({ prompts: 'Code: ' })).toThrow(optionError(`${message}'Code: '`));
    // @ts-expect-error a prompt is an object
    expect(() => code({ prompts: ['Code: '] })).toThrow(optionError(`${message}[ 'Code: ' ]`));
    // @ts-expect-error a prompt is an object
    expect(() => code({ prompts: [null] })).toThrow(optionError(`${message}[ null ]`));
    // @ts-expect-error verify is a function
    expect(() => code({ verify: '123456' })).toThrow(
      optionError("grantKeyboardInteractive: verify must be a function, got '123456'"),
    );
  });
});

function broken(): never {
  throw new Error('broken');
}
