import { SshServerError } from '../errors.js';
import type { Challenge } from './challenge.js';
import type { ServeChannel } from './channel.js';
import type { DenyReason } from './deny-reason.js';
import type {
  KeyboardInteractiveAnswer,
  KeyboardInteractiveStart,
  OfferedKeyAuthRequest,
  PasswordAuthRequest,
  RefutedHostAuthRequest,
  RefutedKeyAuthRequest,
  SSHUserAuthRequest,
  UnknownMethodAuthRequest,
} from './events/ssh-user-auth-request.js';
import { isGrantable } from './is-grantable.js';
import type { Lease } from './lease.js';
import type { PasswordChange } from './password-change.js';
import type { PolicyContext } from './policy-context.js';
import type { AuthRequirement } from './requirements/auth-requirement.js';

/** What a policy calls itself in logs and in the audit trail: `grantPassword`, `office hours`. */
export type PolicyName = string;

/** What every verdict says. */
interface AnyVerdict<R> {
  readonly request: R;
  /** The server that asks; absent in a verdict that was written by hand. */
  readonly context?: PolicyContext;
  /**
   * What it takes to sign in, all of it: a grant that does not suffice is a partial success (RFC 4252 section 5.1). Of authentication
   * requests alone. Policies add to it and cannot drop any. Absent if the one grant suffices.
   */
  readonly requires?: readonly AuthRequirement[];
}

/** Nobody has decided yet. */
export interface OpenVerdict<R> extends AnyVerdict<R> {
  readonly state: 'open';
  readonly leases: readonly Lease[];
  /** The first that looked and would not grant: what the request is denied with if nobody else grants it. */
  readonly declined?: Declined;
}

/** Why a policy that could have granted did not. */
export interface Declined {
  readonly by: PolicyName;
  readonly reason: DenyReason;
}

/** A policy said yes. Later policies may still deny. */
export interface GrantedVerdict<R> extends AnyVerdict<R> {
  readonly state: 'granted';
  /** Held for as long as the granted connection or channel lives. */
  readonly leases: readonly Lease[];
  readonly by: PolicyName;
  /** What runs on the channel once the request is answered. Only for channel opens and channel requests. */
  readonly serve?: ServeChannel;
  /** Questions to ask before anything is decided. Only for keyboard-interactive. */
  readonly challenge?: Challenge;
  /** The password was right and has to be changed before anything is decided. Only for passwords. */
  readonly passwordChange?: PasswordChange;
}

/** A policy said no. Final: no policy revives it. */
export interface DeniedVerdict<R> extends AnyVerdict<R> {
  readonly state: 'denied';
  readonly by: PolicyName;
  readonly reason: DenyReason;
  /** What the policy caught, if the reason is a failure of its own. For an `Error` event, never for the peer. */
  readonly cause?: unknown;
}

/** What has been decided so far about a request. Policies are operators from verdict to verdict. */
export type Verdict<R> = OpenVerdict<R> | GrantedVerdict<R> | DeniedVerdict<R>;

/**
 * The requests that no policy can grant: they prove nothing.
 *
 * @inline
 */
type Unproven =
  | OfferedKeyAuthRequest
  | RefutedKeyAuthRequest
  | RefutedHostAuthRequest
  | KeyboardInteractiveStart
  | UnknownMethodAuthRequest;

/** The members of a request type that a policy may grant. */
export type Grantable<R> = Exclude<R, Unproven>;

/** Keyboard-interactive requests: the only ones that can be answered with questions. */
export type Challengeable = KeyboardInteractiveStart | KeyboardInteractiveAnswer;

/** The verdict to start with: open, without leases. */
export const consider = <R>(request: R, context?: PolicyContext): Verdict<R> =>
  context === undefined ? { state: 'open', request, leases: [] } : { state: 'open', request, leases: [], context };

/**
 * Grants an open verdict; leaves a granted or denied one as it is.
 *
 * `request` is the evidence: pass `verdict.request` after narrowing it. A key that was only offered does not compile
 * here, since it proves nothing.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_FAILED` if JavaScript passes an offered or refuted key all the same.
 */
export function grant<R>(verdict: Verdict<R>, request: Grantable<R>, by: PolicyName): Verdict<R> {
  if (verdict.state !== 'open') return verdict;
  if (request !== verdict.request) {
    throw new SshServerError(
      'ERR_SSH_POLICY_FAILED',
      `${by}: grant() takes the request of the same verdict as evidence`,
    );
  }
  if (!isGrantable(request)) {
    throw new SshServerError(
      'ERR_SSH_POLICY_FAILED',
      `${by}: this request proves nothing and cannot be granted; answer an offered key with acceptOffer()`,
    );
  }
  return granted(verdict, by);
}

/**
 * Tells the client that an offered key would do (SSH_MSG_USERAUTH_PK_OK, RFC 4252 section 7). Grants nothing: the
 * client must come back with a signature.
 */
export function acceptOffer<R>(verdict: Verdict<R>, request: R & OfferedKeyAuthRequest, by: PolicyName): Verdict<R> {
  if (verdict.state !== 'open' || request !== verdict.request) return verdict;
  return granted(verdict, by);
}

/** Asks the user questions (SSH_MSG_USERAUTH_INFO_REQUEST, RFC 4256 section 3.2), first or again. */
export function challenge<R>(
  verdict: Verdict<R>,
  request: R & Challengeable,
  questions: Challenge,
  by: PolicyName,
): Verdict<R> {
  if (verdict.state !== 'open' || request !== verdict.request) return verdict;
  return { ...granted(verdict, by), challenge: questions };
}

/**
 * Tells the client that the password has to be changed, or that the new one will not do
 * (SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, RFC 4252 section 8). Lets nobody in: the client comes back with the password and the new
 * one, in the `newPassword` of its next request. For passwords that are right: it tells as much to whoever sent one.
 *
 * Where several steps are required, only the last may do so; before it the password counts as wrong, and the client hears no more.
 *
 * A connection can be told so as often as it may fail, `limits.maxAuthFailures`; once more is a failure.
 */
export function requestPasswordChange<R>(
  verdict: Verdict<R>,
  request: R & PasswordAuthRequest,
  change: PasswordChange,
  by: PolicyName,
): Verdict<R> {
  if (verdict.state !== 'open' || request !== verdict.request) return verdict;
  return { ...granted(verdict, by), passwordChange: change };
}

/** Grants an open verdict and says what runs on the channel; leaves a granted or denied one as it is. */
export function serveWith<R>(verdict: Verdict<R>, by: PolicyName, serve: ServeChannel): Verdict<R> {
  if (verdict.state !== 'open') return verdict;
  return { ...granted(verdict, by), serve };
}

/**
 * Leaves an open verdict open for other policies to grant, and says why this one would not; a granted or denied one stays as
 * it is. If nobody grants, the request is denied with the first such reason, by that policy. For sources of credentials,
 * of which there may be several, in any order: to {@link deny} is to forbid, whatever the others say.
 */
export function decline<R>(verdict: Verdict<R>, by: PolicyName, reason: DenyReason): Verdict<R> {
  if (verdict.state !== 'open' || verdict.declined !== undefined) return verdict;
  return { ...verdict, declined: { by, reason } };
}

/**
 * Denies an open or granted verdict; leaves a denied one with its first reason.
 *
 * `cause` is what the policy caught while it decided; leave it out where a refusal is no failure.
 */
export function deny<R>(verdict: Verdict<R>, by: PolicyName, reason: DenyReason, cause?: unknown): Verdict<R> {
  if (verdict.state === 'denied') return verdict;
  const { request, context, requires } = verdict;
  return {
    state: 'denied',
    request,
    by,
    reason,
    ...(cause === undefined ? {} : { cause }),
    ...(context === undefined ? {} : { context }),
    ...(requires === undefined ? {} : { requires }),
  };
}

/** Adds a lease to an open or granted verdict; leaves a denied one as it is. */
export const withLease = <R>(verdict: Verdict<R>, lease: Lease): Verdict<R> =>
  verdict.state === 'denied' ? verdict : rewritten(verdict, [...verdict.leases, lease], verdict.context);

/**
 * Adds a requirement to whatever becomes of a verdict: only who meets all of them gets in, and of the methods of the server a client is
 * told those of the next steps. A denied verdict takes it as well, and stays denied. What a policy in front of yours has denied never
 * comes to yours, so require before others deny.
 */
export const withRequirement = (
  verdict: Verdict<SSHUserAuthRequest>,
  requirement: AuthRequirement,
): Verdict<SSHUserAuthRequest> => {
  const { requires = [] } = verdict;
  return requires.includes(requirement) ? verdict : { ...verdict, requires: [...requires, requirement] };
};

/** The same verdict, as the server puts it to one of its policies. */
export const withContext = <R>(verdict: Verdict<R>, context: PolicyContext): Verdict<R> =>
  verdict.state === 'denied' ? { ...verdict, context } : rewritten(verdict, verdict.leases, context);

/**
 * The verdict with other leases and another context. The forms that every request goes through, at every policy, are written
 * out: V8 takes thirty times as long to spread them.
 */
function rewritten<R>(
  verdict: OpenVerdict<R> | GrantedVerdict<R>,
  leases: readonly Lease[],
  context: PolicyContext | undefined,
): Verdict<R> {
  if (context === undefined || verdict.requires !== undefined) return withRest(verdict, leases, context);
  const { request } = verdict;
  if (verdict.state === 'open') {
    const { declined } = verdict;
    return declined === undefined
      ? { state: 'open', request, leases, context }
      : { state: 'open', request, leases, declined, context };
  }
  const { by, serve, challenge: questions, passwordChange } = verdict;
  return serve === undefined && questions === undefined && passwordChange === undefined
    ? { state: 'granted', request, leases, by, context }
    : { ...verdict, leases, context };
}

const withRest = <R>(
  verdict: OpenVerdict<R> | GrantedVerdict<R>,
  leases: readonly Lease[],
  context: PolicyContext | undefined,
): Verdict<R> => ({ ...verdict, leases, ...(context === undefined ? {} : { context }) });

function granted<R>({ request, leases, context, requires }: OpenVerdict<R>, by: PolicyName): GrantedVerdict<R> {
  const verdict: GrantedVerdict<R> =
    context === undefined
      ? { state: 'granted', request, leases, by }
      : { state: 'granted', request, leases, by, context };
  return requires === undefined ? verdict : { ...verdict, requires };
}
