import { defer, from, map, of, take, tap } from 'rxjs';

import { isGrantable } from '../../../streams/is-grantable.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { Policy } from '../../../streams/policy.js';
import { deny, grant, type PolicyName, type Verdict } from '../../../streams/verdict.js';
import { type Answer, isPending } from '../answer.js';
import { type Approval, ApprovalDesk } from './approval-desk.js';
import { requireBoolean } from '../choice-checks.js';
import { decideEach, type UndeniedVerdict } from '../decide-each.js';
import { ExpiringMap } from '../expiring-map.js';
import { requireCount, requireDuration, requireFunction, requireObject } from '../option-checks.js';
import { type ClockOption, clockFor, requireClock } from '../policy-clock.js';
import { policyName, type PolicyOptions } from '../policy-options.js';

/** What somebody says who was asked for approval. */
export interface ApprovalAnswer {
  readonly approved: boolean;
  /** Who says so, for logs: the grant or denial goes by `approval by bob`. */
  readonly by?: string;
}

/** How long an approval holds, and for what. */
export interface RememberApproval<R> {
  /** How long an approval holds for requests of the same key, in milliseconds. */
  readonly forMs: number;
  /**
   * Names what was approved: a user, an address, both. Whatever tells requests apart that need an approval of their own
   * belongs into it.
   */
  readonly keyOf: (request: R) => string;
  /** Approvals remembered at once; past it the oldest is forgotten, so that somebody is asked again. Default 10 000. */
  readonly maxKeys?: number;
}

/** Options of {@link approval}. */
export interface ApprovalOptions<R> extends PolicyOptions, ClockOption {
  /**
   * Asks somebody. `true`, alone or as `approved`, approves; anything else does not, an Observable that completes without a
   * value included. An Observable is unsubscribed once nobody waits for the answer any more.
   */
  readonly ask: (request: R) => Answer<boolean | ApprovalAnswer>;
  /** How long the request waits for the answer, in milliseconds. Default 120 000. */
  readonly deadlineMs?: number;
  /** Remembers approvals, and asks one question at a time for each key. Default: every request is a question of its own. */
  readonly remember?: RememberApproval<R>;
  /**
   * Told of each request that has to wait, those that wait for the answer to the question of another one included: to
   * tell people what the delay is for. What it fails of is reported as an `Error` event, and changes nothing.
   */
  readonly announce?: (request: R) => unknown;
  /** Questions that may wait for an answer at once. Integer, at least 1. Default 100. */
  readonly maxPending?: number;
  /** Whether an open request is granted by the approval. Default false: others have to grant it. */
  readonly grants?: boolean;
}

/**
 * Holds requests until somebody has approved them: four eyes, a message to a phone, a ticket.
 *
 * Who is not approved within `deadlineMs`, or whose connection ends before, is denied with {@link DenyReason.NotApproved}.
 * What is approved goes on as it came, unless `grants` is set. Questions beyond `maxPending` are denied at once with
 * {@link DenyReason.LimitReached}. With `remember`, requests of the same key that arrive while a question waits share its
 * answer and its deadline, and an approval (never a refusal) holds for a time. An `ask` that fails costs the requests that
 * wait for it, which are denied with {@link DenyReason.PolicyFailed}.
 *
 * Anybody can cause questions, so ask late: behind the policies that limit and deny, and on channels rather than on
 * authentication, where every guess and the probe `none` would be a question. It cannot know whether somebody
 * will grant what others have declined, so it asks about wrong passwords, too. Nobody is asked about a request that proves
 * nothing yet, such as an offered key or one that is to be answered with questions to the user, nor again about what was
 * granted before policies were replaced.
 *
 * @example
 * ```ts
 * declare const chat: { confirm(text: string): Promise<{ approved: boolean; by: string }> };
 *
 * const fourEyes = approval<SSHChannelOpenRequest>({
 *   ask: ({ identity, connection }) => chat.confirm(`${identity.user} from ${connection.remoteAddress}?`),
 *   remember: { forMs: 3_600_000, keyOf: ({ identity, connection }) => `${connection.remoteAddress} ${identity.user}` },
 * });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is out of range.
 */
export function approval<R extends SshRequest>(options: ApprovalOptions<R>): Policy<R> {
  const by = policyName('approval', options);
  checkOptions(options);
  requireClock('approval', options);
  const { ask, announce, remember, deadlineMs = 120_000, maxPending = 100, grants = false } = options;
  const desk = new ApprovalDesk<R>({ by, deadlineMs, maxPending, announce });
  const approvals =
    remember && new ExpiringMap<Approval>({ forMs: remember.forMs, maxKeys: remember.maxKeys ?? 10_000 });

  return decideEach(by, (verdict): Answer<Verdict<R>> => {
    const { request } = verdict;
    if (isSettled(verdict) || !isGrantable(request)) return verdict;
    const conclude = (answer: Approval): Verdict<R> => {
      if (!answer.approved) return deny(verdict, answer.by, DenyReason.NotApproved);
      return grants ? grant<R>(verdict, request, answer.by) : verdict;
    };

    const clock = clockFor(options, verdict);
    const key = remember === undefined ? undefined : requireText(remember.keyOf(request));
    const known = key === undefined ? undefined : approvals?.get(key, clock.now());
    if (known !== undefined) return conclude(known);

    const question$ = defer(() => {
      const answer = ask(request);
      return isPending(answer) ? from(answer) : of(answer);
    }).pipe(
      take(1),
      map((answer) => approvalOf(answer, by)),
      tap((answer) => {
        if (answer.approved && key !== undefined) approvals?.set(key, answer, clock.now());
      }),
    );
    const answer$ = desk.answerFor(verdict, clock, key, question$);
    return answer$ === undefined ? deny(verdict, by, DenyReason.LimitReached) : answer$.pipe(map(conclude));
  });
}

/** Nothing to ask: it was granted before, or the user is being asked first. */
const isSettled = (verdict: UndeniedVerdict<unknown>): boolean =>
  verdict.context?.reevaluation === true ||
  (verdict.state === 'granted' && (verdict.challenge !== undefined || verdict.passwordChange !== undefined));

/** One key for everybody, such as undefined, would approve everybody at once. */
function requireText(key: unknown): string {
  if (typeof key !== 'string') throw new TypeError('keyOf answered with a key that is no text');
  return key;
}

/** What JavaScript may answer with is read like a refusal. */
function approvalOf(answer: boolean | ApprovalAnswer | null | undefined, by: PolicyName): Approval {
  if (typeof answer !== 'object' || answer === null) return { approved: answer === true, by };
  const { approved, by: who }: { readonly approved: unknown; readonly by?: unknown } = answer;
  return { approved: approved === true, by: typeof who === 'string' && who !== '' ? `${by} by ${who}` : by };
}

function checkOptions<R>({ ask, announce, remember, deadlineMs, maxPending, grants }: ApprovalOptions<R>): void {
  requireFunction('approval', 'ask', ask);
  if (announce !== undefined) requireFunction('approval', 'announce', announce);
  if (deadlineMs !== undefined) requireDuration('approval', 'deadlineMs', deadlineMs);
  if (maxPending !== undefined) requireCount('approval', 'maxPending', maxPending);
  if (grants !== undefined) requireBoolean('approval', 'grants', grants);
  if (remember === undefined) return;
  requireObject('approval', 'remember', remember);
  requireDuration('approval', 'remember.forMs', remember.forMs);
  requireFunction('approval', 'remember.keyOf', remember.keyOf);
  if (remember.maxKeys !== undefined) requireCount('approval', 'remember.maxKeys', remember.maxKeys);
}
