import {
  challenge,
  type CounterStore,
  decideEach,
  deny,
  DenyReason,
  grant,
  type KeyboardInteractiveAnswer,
  MemoryCounterStore,
  type Policy,
  type SSHUserAuthRequest,
  systemClock,
  type UndeniedVerdict,
  type Verdict,
} from 'rxsshd';

import { type CodePolicyOptions, readCodePolicyOptions } from './code-policy-options.js';
import { hit } from './counts.js';
import { told } from './told.js';

/** A code that somebody has typed. */
export interface TypedCode {
  /** Without what is around it. */
  readonly code: string;
  /** Whose code it has to be. */
  readonly account: string;
  readonly request: KeyboardInteractiveAnswer;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Whoever a code would have to be of. */
export interface CodeOwner {
  /** Whether there are codes of such a user at all, so that there is something to guess. */
  readonly exists: boolean;
  /** Whether the code is right, now and for the first time. Asked for every code that was not one guess too many. */
  readonly isRight: (typed: TypedCode) => Promise<boolean>;
}

/** A policy that asks one question. */
export interface CodeQuestion {
  /** The name of the function that makes the policy. */
  readonly policy: string;
  readonly options: CodePolicyOptions;
  /** What is asked unless the options say otherwise. */
  readonly prompt: string;
  /** Finds whoever a code would have to be of, whether or not there is such a user. Asked before the guess is counted. */
  readonly ownerOf: (request: KeyboardInteractiveAnswer) => Promise<CodeOwner>;
}

/** Of recorded traffic: what is right is known. */
const OF_THE_PAST: CodeOwner = { exists: true, isRight: () => Promise.resolve(false) };

/**
 * Asks every user who begins with keyboard-interactive for a code, and grants the right one.
 *
 * A guess is counted before it is judged, in one step with the look at the limit: whoever guesses on a thousand connections at once
 * has no more guesses than on one. In the memory of this policy, names of nobody have places of their own, since a store that is full
 * forgets: else whoever invents enough of them would have all guesses at somebody once more.
 */
export function codePolicy({ policy, options, prompt, ownerOf }: CodeQuestion): Policy<SSHUserAuthRequest> {
  const { by, echo, guesses, accountOf } = readCodePolicyOptions(policy, options);
  const questions = { prompts: [{ text: options.prompt ?? prompt, echo }] };
  const store = options.store ?? new MemoryCounterStore();
  const storeOfNobody = options.store ?? new MemoryCounterStore();
  // What was recorded is not counted again where a server counts.
  let rehearsed: CounterStore | undefined;

  const judge = async (
    verdict: UndeniedVerdict<SSHUserAuthRequest>,
    request: KeyboardInteractiveAnswer,
  ): Promise<Verdict<SSHUserAuthRequest>> => {
    const { context } = verdict;
    const recollection = context?.recall?.(request, by);
    const { exists, isRight } = recollection === undefined ? await ownerOf(request) : OF_THE_PAST;
    const live = exists ? store : storeOfNobody;
    const counts = recollection === undefined ? live : (rehearsed ??= new MemoryCounterStore());
    const now = (options.clock ?? context?.clock ?? systemClock).now();
    const account = accountOf(request.user);
    const key = `${by}/guess/${String(guesses.limit)}/${String(guesses.windowMs)}/${account}`;
    if (!(await hit(counts, key, guesses, now))) return deny(verdict, by, DenyReason.RateLimited);

    const [answer, ...others] = request.answers;
    // One answer too few or too many is wrong, and costs as much.
    const code = others.length > 0 ? '' : (answer?.expose().trim() ?? '');
    const right =
      recollection === undefined ? await isRight({ code, account, request, now }) : recollection === 'right';
    if (!right) return deny(verdict, by, DenyReason.BadCredential);
    // A store may answer this with anything.
    await told(counts.clear(key) as undefined);
    return grant(verdict, request, by);
  };

  return decideEach(by, (verdict) => {
    const { request } = verdict;
    if (verdict.state !== 'open' || request.method !== 'keyboard-interactive') return verdict;
    return request.stage === 'started' ? challenge(verdict, request, questions, by) : judge(verdict, request);
  });
}
