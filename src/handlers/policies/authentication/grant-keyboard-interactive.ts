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
   * wanted. The function gets the answered request in later rounds. Ask users who do not exist as well, or the silence
   * tells an attacker which names exist.
   */
  readonly prompts: readonly Prompt[] | ((request: Challengeable) => Answer<Challenge>);
  /**
   * Judges the answers, in the order of the prompts. `true` grants, `'again'` asks another round, anything else denies,
   * an Observable that completes without a value included. Another round is for what is still missing: who is asked again
   * after a wrong answer has guessed for free, since {@link banAfter} and {@link penalties} count denials.
   */
  readonly verify: (
    user: string,
    answers: readonly string[],
    request: KeyboardInteractiveAnswer,
  ) => Answer<boolean | 'again'>;
  /** Rounds of questions in one attempt; `'again'` in the last one denies. Integer, at least 1. Default 3. */
  readonly maxRounds?: number;
}

const RECALLED = { right: true, wrong: false, again: 'again' } as const;

/** As many as a {@link Challenge} may hold. */
const MAX_PROMPTS = 16;

/**
 * Asks questions and grants the answers that `verify` confirms; denies the others with {@link DenyReason.BadCredential}
 * (RFC 4256).
 *
 * Requests of other methods pass untouched. A callback that fails costs the request at hand, which is denied with
 * {@link DenyReason.PolicyFailed}.
 *
 * @example
 * ```ts
 * declare const codes: { accept(user: string, code: string): Promise<boolean> };
 *
 * const code = grantKeyboardInteractive({
 *   prompts: [{ text: 'Verification code: ' }],
 *   verify: (user, [code = '']) => codes.accept(user, code),
 * });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is out of range.
 */
export function grantKeyboardInteractive(options: KeyboardInteractiveOptions): Policy<SSHUserAuthRequest> {
  const by = policyName('grantKeyboardInteractive', options);
  const { prompts, verify, maxRounds = 3 } = options;
  requireFunction('grantKeyboardInteractive', 'verify', verify);
  requireCount('grantKeyboardInteractive', 'maxRounds', maxRounds);
  const questionsFor = questionsOf(prompts);

  type Open = OpenVerdict<SSHUserAuthRequest>;

  const ask = (verdict: Open, request: Challengeable): Answer<Verdict<SSHUserAuthRequest>> =>
    whenAnswered(questionsFor(request), (questions) => {
      if (questions === undefined) throw new TypeError('prompts completed without questions');
      return challenge(verdict, request, questions, by);
    });

  const judge = (verdict: Open, request: KeyboardInteractiveAnswer): Answer<Verdict<SSHUserAuthRequest>> =>
    whenAnswered(
      recalled<boolean | 'again'>(verdict, by, RECALLED, () =>
        verify(
          request.user,
          request.answers.map((answer) => answer.expose()),
          request,
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
