import type { Challenge, Prompt } from '../../../streams/challenge.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type { KeyboardInteractiveAnswer, SSHUserAuthRequest } from '../../../streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../streams/policy.js';
import {
  challenge,
  type Challengeable,
  deny,
  grant,
  type OpenVerdict,
  type Verdict,
} from '../../../streams/verdict.js';
import { type Answer, whenAnswered } from '../answer.js';
import { decideEach } from '../decide-each.js';
import { requireCount, requireFunction } from '../option-checks.js';
import { policyOptionError } from '../policy-option-error.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { recalled } from './recalled.js';

/** Options of {@link grantKeyboardInteractive}. */
export interface KeyboardInteractiveOptions extends PolicyOptions {
  /**
   * What to ask: the same questions each time, at most 16, or a function that makes them, with a title and text if
   * wanted. The function gets the request, with the connection that it came on, and in later rounds the one that was
   * answered. Ask users who do not exist as well, or the silence tells an attacker which names exist.
   *
   * An empty list is a round without questions (RFC 4256 section 3.2), which clients answer at once: some text to read.
   */
  readonly prompts: readonly Prompt[] | ((request: Challengeable) => Answer<Challenge>);
  /**
   * Judges the answers, in the order of the prompts. `true` grants, `'again'` asks another round, anything else denies,
   * an Observable that completes without a value included. Another round is for what is still missing: who is asked again
   * after a wrong answer has guessed for free, since {@link banAfter} and {@link penalties} count denials.
   *
   * Default, with {@link KeyboardInteractiveOptions.verifyAnswer}: to grant answers that are right one by one.
   */
  readonly verify?: (
    user: string,
    answers: readonly string[],
    request: KeyboardInteractiveAnswer,
  ) => Answer<boolean | 'again'>;
  /**
   * Judges one answer, the first being number 1: all of them have to be `true`. Each is asked about, one after the other and even
   * behind a wrong one, so that the time taken does not tell which was wrong. Where there are no answers, it judges nothing, and
   * without {@link KeyboardInteractiveOptions.verify} such a round is denied. Default: `verify` judges alone.
   */
  readonly verifyAnswer?: (
    user: string,
    answer: string,
    number: number,
    request: KeyboardInteractiveAnswer,
  ) => Answer<boolean>;
  /** Rounds of questions in one attempt; `'again'` in the last one denies. Integer, at least 1. Default 3. */
  readonly maxRounds?: number;
}

const RECALLED = { right: true, wrong: false, again: 'again' } as const;

/** As many as a {@link Challenge} may hold. */
const MAX_PROMPTS = 16;

/**
 * Asks questions and grants the answers that `verify` confirms; denies the others with {@link DenyReason.BadCredential}
 * (RFC 4256). The server hears of such requests only if `keyboard-interactive` is one of its `authMethods`, which it is not by default.
 *
 * Requests of other methods pass untouched. A callback that fails costs the request at hand, which is denied with
 * {@link DenyReason.PolicyFailed}.
 *
 * @example
 * ```ts
 * declare const codes: { accept(user: string, code: string): Promise<boolean> };
 *
 * const code = grantKeyboardInteractive({
 *   prompts: ({ user, connection }) => ({
 *     instruction: `Hello ${user}, you come from ${connection.remoteAddress}.`,
 *     prompts: [{ text: 'Verification code: ' }],
 *   }),
 *   verify: (user, [code = '']) => codes.accept(user, code),
 * });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is out of range.
 */
export function grantKeyboardInteractive(options: KeyboardInteractiveOptions): Policy<SSHUserAuthRequest> {
  const by = policyName('grantKeyboardInteractive', options);
  const { prompts, verify, verifyAnswer, maxRounds = 3 } = options;
  if (verify !== undefined || verifyAnswer === undefined) requireFunction('grantKeyboardInteractive', 'verify', verify);
  if (verifyAnswer !== undefined) requireFunction('grantKeyboardInteractive', 'verifyAnswer', verifyAnswer);
  requireCount('grantKeyboardInteractive', 'maxRounds', maxRounds);
  const questionsFor = questionsOf(prompts);

  type Open = OpenVerdict<SSHUserAuthRequest>;

  const ask = (verdict: Open, request: Challengeable): Answer<Verdict<SSHUserAuthRequest>> =>
    whenAnswered(questionsFor(request), (questions) => {
      if (questions === undefined) throw new TypeError('prompts completed without questions');
      return challenge(verdict, request, questions, by);
    });

  /** What all of the answers are worth, once each of them has been judged. */
  const verifyAll = (request: KeyboardInteractiveAnswer, answers: readonly string[]): Answer<boolean | 'again'> =>
    verify === undefined ? answers.length > 0 : verify(request.user, answers, request);

  const verifyEach = (request: KeyboardInteractiveAnswer, answers: readonly string[]): Answer<boolean | 'again'> => {
    const judgeFrom = (index: number, allRight: boolean): Answer<boolean | 'again'> => {
      const answer = answers[index];
      if (answer === undefined || verifyAnswer === undefined) return allRight && verifyAll(request, answers);
      return whenAnswered(verifyAnswer(request.user, answer, index + 1, request), (right) =>
        judgeFrom(index + 1, right === true && allRight),
      );
    };
    return judgeFrom(0, true);
  };

  const judge = (verdict: Open, request: KeyboardInteractiveAnswer): Answer<Verdict<SSHUserAuthRequest>> =>
    whenAnswered(
      recalled<boolean | 'again'>(verdict, by, RECALLED, () =>
        verifyEach(
          request,
          request.answers.map((answer) => answer.expose()),
        ),
      ),
      (outcome) => {
        if (outcome === true) return grant(verdict, request, by);
        if (outcome === 'again' && request.round < maxRounds) return ask(verdict, request);
        return deny(verdict, by, DenyReason.BadCredential);
      },
    );

  return decideEach(by, (verdict) => {
    const { request } = verdict;
    if (verdict.state !== 'open' || request.method !== 'keyboard-interactive') return verdict;
    return request.stage === 'started' ? ask(verdict, request) : judge(verdict, request);
  });
}

/** The questions as a function, whichever way they were given. */
function questionsOf(prompts: KeyboardInteractiveOptions['prompts']): (request: Challengeable) => Answer<Challenge> {
  if (typeof prompts === 'function') return prompts;
  if (!isPromptList(prompts)) {
    throw policyOptionError(
      'grantKeyboardInteractive',
      'prompts',
      `must be a function or at most ${String(MAX_PROMPTS)} prompts, each with a text`,
      prompts,
    );
  }
  // A copy, so that the questions asked are the questions checked.
  const questions: Challenge = { prompts: [...prompts] };
  return () => questions;
}

/** What the compiler promises of the prompts is checked, for those who write JavaScript. */
function isPromptList(value: unknown): value is readonly Prompt[] {
  if (!Array.isArray(value) || value.length > MAX_PROMPTS) return false;
  return value.every((prompt: Partial<Prompt> | null | undefined) => {
    const { text, echo = false }: { readonly text?: unknown; readonly echo?: unknown } = prompt ?? {};
    return typeof text === 'string' && typeof echo === 'boolean';
  });
}
