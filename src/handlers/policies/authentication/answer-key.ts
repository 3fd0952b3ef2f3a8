import type { DenyReason } from '../../../streams/deny-reason.js';
import type {
  OfferedKeyAuthRequest,
  ProvenKeyAuthRequest,
  SSHUserAuthRequest,
} from '../../../streams/events/ssh-user-auth-request.js';
import { acceptOffer, decline, grant, type Verdict, withLease } from '../../../streams/verdict.js';
import type { UndeniedVerdict } from '../decide-each.js';
import type { Ending } from '../lifetime/ending-options.js';
import type { ClockOption } from '../policy-clock.js';
import { type KeyAdmission, leasesOf } from './key-admission.js';

/** Whether a key may sign in: with what, or why not; undefined if that is for others to say. */
export type KeyJudgement = KeyAdmission | DenyReason | undefined;

/**
 * Whether a policy that knows keys has to look at a verdict: it is open, or was granted by a policy of the same name, which this
 * one has replaced. What it restricts, and when it ends the session, goes with what the key was granted before.
 */
export const isForKeys = (verdict: UndeniedVerdict<SSHUserAuthRequest>, { by }: Ending): boolean =>
  verdict.state === 'open' || (verdict.by === by && verdict.context?.reevaluation === true);

/** The verdict as `judgement` has it. A granted one stays so: what has become of keys since is no matter of theirs. */
export function answerKey(
  verdict: UndeniedVerdict<SSHUserAuthRequest>,
  request: OfferedKeyAuthRequest | ProvenKeyAuthRequest,
  judgement: KeyJudgement,
  ending: Ending,
  options: ClockOption,
): Verdict<SSHUserAuthRequest> {
  if (judgement === undefined) return verdict;
  if (typeof judgement === 'string') return decline(verdict, ending.by, judgement);
  if (request.stage === 'offered') return acceptOffer(verdict, request, ending.by);
  const granted = grant<SSHUserAuthRequest>(verdict, request, ending.by);
  return leasesOf(judgement, ending, options).reduce(withLease<SSHUserAuthRequest>, granted);
}
