import { messageOf } from '../../../errors.js';
import type { KnownHostsProblem } from '../../../protocol/authentication/known-hosts.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type { ProvenHostAuthRequest, SSHUserAuthRequest } from '../../../streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../streams/policy.js';
import { decline, deny, grant } from '../../../streams/verdict.js';
import { whileConnected } from '../abuse/while-connected.js';
import { type Answer, whenAnswered } from '../answer.js';
import { heldInRehearsal } from './held-in-rehearsal.js';
import { decideEach } from '../decide-each.js';
import { hostName } from '../matching/host-name.js';
import { requireFunction } from '../option-checks.js';
import { type ClockOption, clockFor, requireClock } from '../policy-clock.js';
import { policyOptionError } from '../policy-option-error.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { KnownHostList } from './known-host-list.js';

/**
 * Finds the keys of a host, as lines of a known_hosts file. An Observable that completes without a value means none.
 *
 * `host` is what the client says, in lower case and without a dot behind it.
 */
export type FindKnownHosts = (host: string, request: ProvenHostAuthRequest) => Answer<string>;

/** Options of {@link grantHostBased}. */
export interface GrantHostBasedOptions extends PolicyOptions, ClockOption {
  /**
   * Whose keys hosts have: the text of a known_hosts file (sshd(8)), or a function that finds the lines of a host. Names may be
   * hashed or have wildcards; `@cert-authority` names who signs certificates of hosts, `@revoked` what is not to be trusted.
   */
  readonly hosts: string | FindKnownHosts;
  /**
   * Whether the user `clientUserName` of `host` may come in as `user`: what hosts.equiv and .shosts are for elsewhere. Only
   * `true` grants. A host may have lost its key: compare `connection.remoteAddress` with the addresses that `host` has, and let
   * nobody in as an administrator.
   */
  readonly allow: (host: string, request: ProvenHostAuthRequest) => Answer<boolean>;
  /**
   * Told of each line that gives no usable key; the line is skipped. Default: such a line throws when the policy is made, and is
   * skipped silently later. A line that was to revoke a key is never skipped: while it stands there, nobody gets in.
   */
  readonly onProblem?: (problem: KnownHostsProblem) => void;
}

/**
 * Grants users for whom the key of their host vouches (RFC 4252 section 9), if `hosts` has the key under the name that the client
 * gives, and `allow` lets its user in. The server has verified the signature by then. It hears of such requests only if
 * `hostbased` is one of its `authMethods`.
 *
 * Who runs a known host can come in as anybody whom `allow` lets in from there. A certificate of a host has to name it, to be valid
 * now, and to be signed by an authority that `hosts` marks with `@cert-authority` for it.
 *
 * What is not granted is left to other policies, and denied if none grants it: with {@link DenyReason.KeyNotAccepted} for an
 * unknown key or host, {@link DenyReason.BadSignature}, or {@link DenyReason.UserNotAllowed}. A key that `hosts` marks with
 * `@revoked` is denied with {@link DenyReason.KeyRevoked}, whoever else would grant it. Requests of other methods pass untouched. An
 * Observable of `hosts` or `allow` that is under way is unsubscribed if the client goes.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 *
 * declare const addressesOf: ReadonlyMap<string, string>;
 *
 * const fromTheCluster = grantHostBased({
 *   hosts: await readFile('cluster_known_hosts', 'utf8'),
 *   allow: (host, { user, clientUserName, connection }) =>
 *     user === clientUserName && user !== 'root' && addressesOf.get(host) === connection.remoteAddress,
 * });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is of the wrong kind or, without `onProblem`, a
 * line of `hosts` gives no usable key.
 */
export function grantHostBased(options: GrantHostBasedOptions): Policy<SSHUserAuthRequest> {
  const by = policyName('grantHostBased', options);
  const { hosts, allow, onProblem } = options;
  requireClock('grantHostBased', options);
  requireFunction('grantHostBased', 'allow', allow);
  if (onProblem !== undefined) requireFunction('grantHostBased', 'onProblem', onProblem);
  const listFor = finder(hosts, onProblem);

  return decideEach(by, (verdict) => {
    const { request } = verdict;
    if (verdict.state !== 'open' || request.method !== 'hostbased') return verdict;
    if (request.stage === 'refuted') return decline(verdict, by, DenyReason.BadSignature);
    const host = hostName(request.clientHostName);
    if (host === undefined) return decline(verdict, by, DenyReason.KeyNotAccepted);

    const answer = whenAnswered(listFor(host, request), (list) => {
      const now = clockFor(options, verdict).now();
      const refusal = list === undefined ? DenyReason.KeyNotAccepted : list.refusal(host, request.key, now);
      if (refusal === DenyReason.KeyRevoked) return deny(verdict, by, refusal);
      if (refusal !== undefined) return decline(verdict, by, refusal);
      return whenAnswered(allow(host, request), (allowed) =>
        allowed === true
          ? grant<SSHUserAuthRequest>(verdict, request, by)
          : decline(verdict, by, DenyReason.UserNotAllowed),
      );
    });
    return heldInRehearsal(verdict, whileConnected(by, verdict, answer));
  });
}

/** What is known now is read now, once. */
function finder(
  hosts: unknown,
  onProblem: GrantHostBasedOptions['onProblem'],
): (host: string, request: ProvenHostAuthRequest) => Answer<KnownHostList | undefined> {
  if (typeof hosts === 'function') {
    // Its type says so; what JavaScript brings is checked when it answers.
    const find = hosts as FindKnownHosts;
    return (host, request) =>
      whenAnswered(find(host, request), (text) => {
        if (text === undefined) return undefined;
        if (typeof text !== 'string') throw new TypeError('hosts has to answer with the lines of a known_hosts file');
        return new KnownHostList(text, (problem) => onProblem?.(problem));
      });
  }
  if (typeof hosts !== 'string') {
    throw policyOptionError('grantHostBased', 'hosts', 'must be the text of a known_hosts file, or a function', hosts);
  }
  const list = readAtOnce(hosts, onProblem);
  return () => list;
}

/** But for a line that was to revoke a key, which is skipped by nothing. */
const WAYS_OUT = 'mend the line, or skip it with onProblem';

function readAtOnce(text: string, onProblem: GrantHostBasedOptions['onProblem']): KnownHostList {
  try {
    return new KnownHostList(text, (problem) => {
      if (onProblem === undefined)
        throw new TypeError(`line ${String(problem.line)} is wrong: ${problem.message}; ${WAYS_OUT}`);
      onProblem(problem);
    });
  } catch (cause) {
    const rule = `cannot be used, since ${messageOf(cause)}`;
    throw policyOptionError('grantHostBased', 'hosts', rule, text);
  }
}
