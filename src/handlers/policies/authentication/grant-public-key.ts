import { SshServerError } from '../../../errors.js';
import type { AuthorizedKey, AuthorizedKeysProblem } from '../../../protocol/authentication/authorized-keys.js';
import { type Clock, systemClock } from '../../../streams/clock.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type {
  OfferedKeyAuthRequest,
  ProvenKeyAuthRequest,
  SSHUserAuthRequest,
} from '../../../streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../streams/policy.js';
import { acceptOffer, decline, grant } from '../../../streams/verdict.js';
import { type Answer, whenAnswered } from '../answer.js';
import { AuthorizedKeySet, type AuthorizedKeysSource } from './authorized-key-set.js';
import { decideEach } from '../decide-each.js';
import { requireFunction } from '../option-checks.js';
import { requireClock } from '../policy-clock.js';
import { policyOptionError } from '../policy-option-error.js';
import { policyName, type PolicyOptions } from '../policy-options.js';

/**
 * Finds the keys of a user. Asked for the offer and again for the proof; an Observable that completes without a value
 * means no keys.
 */
export type FindAuthorizedKeys = (
  user: string,
  request: OfferedKeyAuthRequest | ProvenKeyAuthRequest,
) => Answer<AuthorizedKeysSource>;

/** Options of {@link grantPublicKey}. */
export interface GrantPublicKeyOptions extends PolicyOptions {
  /** Whose keys these are; requests of other users pass untouched. Default: every user's. */
  readonly user?: string | readonly string[];
  /**
   * Told of each line that gives no usable key; the line is skipped. `user` is undefined for keys that were given when
   * the policy was made. Default: such a line throws when the policy is made, and is skipped silently later.
   */
  readonly onProblem?: (problem: AuthorizedKeysProblem, user: string | undefined) => void;
  /** Where time comes from, for `expiry-time`. Default {@link systemClock}. */
  readonly clock?: Clock;
}

/** The types of OpenSSH certificates (PROTOCOL.certkeys). */
const CERTIFICATE = /-cert-v\d\d@openssh\.com$/;

/**
 * Accepts the offer of a key that `source` lists, and grants its proof (RFC 4252 section 7).
 *
 * `source` is the text of an authorized_keys file (sshd(8)), its entries, or a function that finds them by user. The
 * options `from` (addresses, not host names) and `expiry-time` are enforced. An entry with any other option is not used,
 * since options restrict a key and nothing here enforces them.
 *
 * Other keys are left to other policies, and denied if none grants them: with {@link DenyReason.KeyNotAccepted}, or
 * {@link DenyReason.AddressNotAllowed} where only `from` stands against it, and wrong signatures with
 * {@link DenyReason.BadSignature}. Requests of other methods pass untouched, and so do certificates.
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
  const by = policyName('grantPublicKey', options);
  const { clock = systemClock, onProblem } = options;
  if (onProblem !== undefined) requireFunction('grantPublicKey', 'onProblem', onProblem);
  requireClock('grantPublicKey', options);
  const isConcerned = concernedUsers(options.user);
  const keysOf = finder(source, onProblem);

  return decideEach(by, (verdict) => {
    const { request } = verdict;
    if (verdict.state !== 'open' || request.method !== 'publickey') return verdict;
    if (!isConcerned(request.user) || CERTIFICATE.test(request.key.type)) return verdict;
    if (request.stage === 'refuted') return decline(verdict, by, DenyReason.BadSignature);

    return whenAnswered(keysOf(request.user, request), (keys) => {
      const { key, connection } = request;
      const refusal =
        keys === undefined ? DenyReason.KeyNotAccepted : keys.refusal(key.blob, connection.remoteAddress, clock.now());
      if (refusal !== undefined) return decline(verdict, by, refusal);
      return request.stage === 'proven' ? grant(verdict, request, by) : acceptOffer(verdict, request, by);
    });
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
): (user: string, request: OfferedKeyAuthRequest | ProvenKeyAuthRequest) => Answer<AuthorizedKeySet | undefined> {
  if (typeof source === 'function') {
    return (user, request) =>
      whenAnswered(source(user, request), (found) =>
        found === undefined ? undefined : new AuthorizedKeySet(found, (problem) => onProblem?.(problem, user)),
      );
  }
  if (typeof source !== 'string' && !isEntryList(source)) {
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
    const { blob, options } = entry ?? {};
    return blob instanceof Uint8Array && Array.isArray(options);
  });

const unusable = ({ line, message }: AuthorizedKeysProblem): SshServerError =>
  new SshServerError(
    'ERR_SSH_POLICY_OPTION',
    `grantPublicKey: source cannot be used at line ${String(line)}: ${message}. Mend the line, or skip it with onProblem.`,
  );
