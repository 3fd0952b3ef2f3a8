import { SshServerError } from '../../../errors.js';
import type {
  AuthorizedKey,
  AuthorizedKeys,
  AuthorizedKeysProblem,
} from '../../../protocol/authentication/authorized-keys.js';
import type { Clock } from '../../../streams/clock.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type {
  OfferedKeyAuthRequest,
  ProvenKeyAuthRequest,
  SSHUserAuthRequest,
} from '../../../streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../streams/policy.js';
import { decline, type Verdict, withLease } from '../../../streams/verdict.js';
import { isUnavailable, type KeysUnavailable } from '../../key-sources/keys-unavailable.js';
import { type Answer, whenAnswered } from '../answer.js';
import { whileConnected } from '../abuse/while-connected.js';
import { answerKey, isForKeys, type KeyJudgement } from './answer-key.js';
import { AuthorizedKeySet, type AuthorizedKeysSource, isParsed } from './authorized-key-set.js';
import { heldInRehearsal } from './held-in-rehearsal.js';
import { decideEach } from '../decide-each.js';
import { isBusy } from './is-busy.js';
import { type EndWithKeyOptions, keyWatchOf, watchKey } from './key-watch.js';
import { type DeadlineOptions, endingOf } from '../lifetime/ending-options.js';
import { requireFunction } from '../option-checks.js';
import { clockFor } from '../policy-clock.js';
import { policyOptionError } from '../policy-option-error.js';

/**
 * Finds the keys of a user; `request.key` is the one that is asked about. Asked for the offer and again for the proof; an
 * Observable that completes without a value means no keys.
 *
 * {@link authorizedKeysFile} and {@link authorizedKeysCommand} make such functions.
 */
export type FindAuthorizedKeys = (
  user: string,
  request: OfferedKeyAuthRequest | ProvenKeyAuthRequest,
) => Answer<AuthorizedKeysSource | KeysUnavailable>;

/** Options of {@link grantPublicKey}. Grace and warnings are about the end of a key that has one. */
export interface GrantPublicKeyOptions extends DeadlineOptions {
  /** Whose keys these are; requests of other users pass untouched. Default: every user's. */
  readonly user?: string | readonly string[];
  /**
   * Told of each line that gives no usable key; the line is skipped. `user` is undefined for keys that were given when
   * the policy was made. Default: such a line throws when the policy is made, and is skipped silently later.
   */
  readonly onProblem?: (problem: AuthorizedKeysProblem, user: string | undefined) => void;
  /**
   * Whether a session ends when `source`, which has to be a function for that, does not list its key any more, or not on terms that
   * would let it in: it is asked again from time to time. With new terms that would let it in, the session goes on with the
   * old. Policies that replace this one watch the keys that they list. Default false: a session that has begun goes on.
   */
  readonly endWithKey?: boolean | EndWithKeyOptions;
}

/**
 * Accepts the offer of a key that `source` lists, and grants its proof (RFC 4252 section 7). So it does with certificates of an
 * authority that `source` lists with the option `cert-authority` (OpenSSH PROTOCOL.certkeys).
 *
 * `source` is the text of an authorized_keys file (sshd(8)), its entries, or a function that finds them by user. Every option is
 * enforced, also in what the user asks for later, whatever other policies say to that:
 *
 * - `from` (addresses, not host names), `expiry-time`, which ends a session as well, `cert-authority` and `principals`;
 * - `command`, which runs in place of whatever is asked for: policies and services see an `exec` of it, and what was asked for is
 *   in `SSH_ORIGINAL_COMMAND`; `environment`, but for variables that steer what is loaded and run;
 * - `restrict`, `pty`, `agent-forwarding`, `port-forwarding`, `X11-forwarding` and those that begin with `no-`, `permitopen`,
 *   `permitlisten`; `tunnel` rules tunnels out, since there are none here to choose from;
 * - security keys have to be touched unless `no-touch-required`, and to know their user if `verify-required`. A certificate has
 *   to say so as well.
 *
 * `user-rc` and `no-user-rc` change nothing, since no script of the user is run. An entry with an option that is not known, or
 * has a value that makes no sense, is not used.
 *
 * A function that cannot say which keys a user has answers with {@link KeysUnavailable}: an `Error` event has the cause, and the
 * request is left to other policies, and denied if none grants it: with {@link DenyReason.PolicyFailed}, or
 * {@link DenyReason.LimitReached} where the cause is that too many ask (`ERR_SSH_BUSY`). One that throws or rejects denies the
 * request. What the function has under way is unsubscribed if the client goes.
 *
 * Other keys are left to other policies, and denied if none grants them: with {@link DenyReason.KeyNotAccepted}, or
 * {@link DenyReason.AddressNotAllowed} where only the address stands against it, and wrong signatures, like those of security
 * keys that were not touched, with {@link DenyReason.BadSignature}. Requests of other methods pass untouched, and so do
 * certificates of authorities that are not listed.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 *
 * declare const users: { find(name: string): Promise<{ readonly authorizedKeys: string } | undefined> };
 *
 * const root = grantPublicKey(await readFile('admins', 'utf8'), { user: 'root' });
 * const others = grantPublicKey(async (user) => (await users.find(user))?.authorizedKeys ?? '');
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is out of range or, without
 * `onProblem`, a line of the text gives no usable key.
 */
export function grantPublicKey(
  source: AuthorizedKeysSource | FindAuthorizedKeys,
  options: GrantPublicKeyOptions = {},
): Policy<SSHUserAuthRequest> {
  const ending = endingOf('grantPublicKey', options);
  const { onProblem } = options;
  if (onProblem !== undefined) requireFunction('grantPublicKey', 'onProblem', onProblem);
  const isConcerned = concernedUsers(options.user);
  const watch = keyWatchOf('grantPublicKey', options.endWithKey, typeof source === 'function');
  const keysOf = finder(source, onProblem);

  return decideEach(ending.by, (verdict) => {
    const { request } = verdict;
    if (!isForKeys(verdict, ending) || request.method !== 'publickey' || !isConcerned(request.user)) return verdict;
    if (request.stage === 'refuted') return decline(verdict, ending.by, DenyReason.BadSignature);

    const judge = (clock: Clock): Answer<KeyJudgement | KeysUnavailable> =>
      whenAnswered(keysOf(request.user, request), (keys) => {
        if (keys === undefined) return DenyReason.KeyNotAccepted;
        return isUnavailable(keys) ? keys : keys.judge(request, clock.now());
      });
    const report = (cause: unknown): void =>
      verdict.context?.report({ type: 'failure', request, by: ending.by, cause });

    const answer = whenAnswered(judge(clockFor(options, verdict)), (judgement): Verdict<SSHUserAuthRequest> => {
      if (isUnavailable(judgement)) {
        report(judgement.unavailable);
        const reason = isBusy(judgement.unavailable) ? DenyReason.LimitReached : DenyReason.PolicyFailed;
        return decline(verdict, ending.by, reason);
      }
      const answered = answerKey(verdict, request, judgement, ending, options);
      // Of what was granted before, another source of the same name may have the key.
      const isWatched = watch !== undefined && request.stage === 'proven' && typeof judgement === 'object';
      if (!isWatched) return answered;
      return withLease(
        answered,
        watchKey({ judge, report, ending, ...watch, ...(options.clock === undefined ? {} : { clock: options.clock }) }),
      );
    });
    return heldInRehearsal(verdict, whileConnected(ending.by, verdict, answer));
  });
}

function concernedUsers(user: GrantPublicKeyOptions['user']): (user: string) => boolean {
  if (user === undefined) return () => true;
  const names: readonly string[] = typeof user === 'string' ? [user] : user;
  if (!Array.isArray(names) || names.length === 0 || names.some((name) => typeof name !== 'string' || name === '')) {
    throw policyOptionError('grantPublicKey', 'user', 'must be the name of a user or a list of names', user);
  }
  const users: ReadonlySet<string> = new Set(names);
  return (name) => users.has(name);
}

/** Turns `source` into one question by user; what is known now is read now, once. */
function finder(
  source: AuthorizedKeysSource | FindAuthorizedKeys,
  onProblem: GrantPublicKeyOptions['onProblem'],
): (
  user: string,
  request: OfferedKeyAuthRequest | ProvenKeyAuthRequest,
) => Answer<AuthorizedKeySet | KeysUnavailable | undefined> {
  if (typeof source === 'function') {
    const understood = new WeakMap<AuthorizedKeys, AuthorizedKeySet>();
    return (user, request) =>
      whenAnswered(source(user, request), (found) => {
        if (found === undefined || isUnavailable(found)) return found;
        const known = isParsed(found) ? understood.get(found) : undefined;
        if (known !== undefined) return known;
        const keys = new AuthorizedKeySet(found, (problem) => onProblem?.(problem, user));
        if (isParsed(found)) understood.set(found, keys);
        return keys;
      });
  }
  if (typeof source !== 'string' && !isEntryList(source) && !isParsedList(source)) {
    throw policyOptionError('grantPublicKey', 'source', 'must be text, entries or a function', source);
  }
  const keys = new AuthorizedKeySet(source, (problem) => {
    if (onProblem === undefined) throw unusable(problem);
    onProblem(problem, undefined);
  });
  return () => keys;
}

/** What the compiler promises of the entries is checked, for those who write JavaScript. */
const isEntryList = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((entry: Partial<AuthorizedKey> | null | undefined) => {
    const { blob, options, publicKey } = entry ?? {};
    return blob instanceof Uint8Array && Array.isArray(options) && typeof publicKey === 'object';
  });

const isParsedList = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'problems' in value &&
  'entries' in value &&
  isEntryList(value.entries);

const unusable = ({ line, message }: AuthorizedKeysProblem): SshServerError =>
  new SshServerError(
    'ERR_SSH_POLICY_OPTION',
    `grantPublicKey: source cannot be used at line ${String(line)}: ${message}. Mend the line, or skip it with onProblem.`,
  );
