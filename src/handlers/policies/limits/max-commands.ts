import { startsProgram } from '../../../protocol/channels/session-request.js';
import type { ConnectionInfo } from '../../../streams/connection-info.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type { SSHChannelRequest } from '../../../streams/events/ssh-channel-request.js';
import type { Policy } from '../../../streams/policy.js';
import { deny, type PolicyName, type Verdict } from '../../../streams/verdict.js';
import type { Answer } from '../answer.js';
import { requireChoice } from '../choice-checks.js';
import type { CounterStoreOptions } from '../counting/counter-store-option.js';
import { PassMark } from '../counting/pass-mark.js';
import type { StoreFailureOption } from '../counting/store-failure-option.js';
import { windowedLimit } from '../counting/windowed-limit.js';
import { decideEach } from '../decide-each.js';
import { requireCount } from '../option-checks.js';
import type { ClockOption } from '../policy-clock.js';
import { policyName, type PolicyOptions } from '../policy-options.js';

/** Options of {@link maxCommands} that count by connection. */
export interface MaxCommandsPerConnection extends PolicyOptions {
  /** Over the life of the connection. */
  readonly per: 'connection';
}

/**
 * Options of {@link maxCommands} that count by user. In a store that is shared, policies with the same `name`, limit and
 * `windowMs` count together, so that the processes of one service do.
 */
export interface MaxCommandsPerUser extends PolicyOptions, ClockOption, CounterStoreOptions, StoreFailureOption {
  /** In any window of `windowMs`, over all connections of the user. */
  readonly per: 'user';
  /** Length of the window in milliseconds. */
  readonly windowMs: number;
}

/** Options of {@link maxCommands}. */
export type MaxCommandsOptions = MaxCommandsPerConnection | MaxCommandsPerUser;

/** Charges the start of a program, and denies it if that is one too many. */
type Charge = (verdict: Verdict<SSHChannelRequest>) => Answer<Verdict<SSHChannelRequest>>;

/**
 * Denies programs beyond `limit`: commands, shells and subsystems together (RFC 4254 section 6.5). Grants nothing.
 *
 * By connection it counts over the life of the connection, and denies with {@link DenyReason.LimitReached}. By user it
 * counts over a sliding window and denies with {@link DenyReason.RateLimited}. What it denies is not charged, what a later
 * policy denies has been, and what was granted and is asked again is not charged a second time. Other channel requests
 * pass.
 *
 * @example
 * ```ts
 * const perConnection = maxCommands(100, { per: 'connection' });
 * const perUser = maxCommands(1_000, { per: 'user', windowMs: 60 * 60_000 });
 * ```
 *
 * @param limit - Programs started. Integer, at least 1.
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if `limit` or an option is out of range.
 * @see {@link rateLimit}, which counts requests of any kind by any key.
 */
export function maxCommands(limit: number, options: MaxCommandsOptions): Policy<SSHChannelRequest> {
  const by = policyName('maxCommands', options);
  requireCount('maxCommands', 'limit', limit);
  requireChoice('maxCommands', 'per', options.per, ['connection', 'user']);
  const charge = options.per === 'connection' ? chargeConnection(by, limit) : chargeUser(by, limit, options);
  const passed = new PassMark();

  return decideEach(by, (verdict) => {
    if (!startsProgram(verdict.request.requestType)) return verdict;
    if (verdict.context?.reevaluation === true || passed.isOn(verdict)) return verdict;
    return charge(passed.put(verdict));
  });
}

function chargeConnection(by: PolicyName, limit: number): Charge {
  const started = new WeakMap<ConnectionInfo, number>();
  return (verdict) => {
    const { connection } = verdict.request;
    const count = started.get(connection) ?? 0;
    if (count >= limit) return deny(verdict, by, DenyReason.LimitReached);
    started.set(connection, count + 1);
    return verdict;
  };
}

function chargeUser(by: PolicyName, limit: number, options: MaxCommandsPerUser): Charge {
  const chargeTo = windowedLimit('maxCommands', by, { ...options, limit });
  return (verdict) => chargeTo(verdict.request.identity.user, verdict);
}
