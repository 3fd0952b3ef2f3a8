import { EMPTY, map } from 'rxjs';

import { DenyReason } from '../../../streams/deny-reason.js';
import type { Policy } from '../../../streams/policy.js';
import { deny } from '../../../streams/verdict.js';
import { AddressList } from '../matching/address-list.js';
import { observed, whenAnswered } from '../answer.js';
import type { FromConnection } from '../from-connection.js';
import { askStore } from '../counting/ask-store.js';
import { requireChoice } from '../choice-checks.js';
import { completeStoreOf } from '../counting/complete-store.js';
import type { CounterStoreOptions } from '../counting/counter-store-option.js';
import { decideEach } from '../decide-each.js';
import { learnFrom } from './learn-from.js';
import { misbehaviours } from './misbehaviours.js';
import { requireDuration } from '../option-checks.js';
import { type PenaltyWeights, penaltyWeights } from './penalty-weights.js';
import { clockFor, type ClockOption, requireClock } from '../policy-clock.js';
import { policyOptionError } from '../policy-option-error.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { prefixLengths, type SourcePrefixOptions } from '../matching/prefix-lengths.js';
import { sourcePrefix } from '../matching/source-prefix.js';
import { passOnFailure, type StoreFailureOption } from '../counting/store-failure-option.js';

/**
 * Options of {@link penalties}.
 *
 * In a store that is shared, policies with the same `name` share penalties, so that the processes of one service do; give
 * them the same options.
 */
export interface PenaltiesOptions
  extends PolicyOptions, ClockOption, SourcePrefixOptions, CounterStoreOptions, StoreFailureOption {
  /** What misbehaviour costs. Default for each kind what OpenSSH takes. */
  readonly weights?: Partial<PenaltyWeights>;
  /** The penalty in milliseconds from which a source is refused. Default 15 000. */
  readonly minMs?: number;
  /** The highest penalty in milliseconds, at least `minMs`. Default 600 000. */
  readonly maxMs?: number;
  /** Addresses and CIDR blocks that are neither penalised nor refused, as for {@link allowFrom}. Default none. */
  readonly exempt?: readonly string[];
}

/**
 * Refuses sources that misbehave, with {@link DenyReason.Banned}, as PerSourcePenalties of OpenSSH does (sshd_config(5)).
 * Grants nothing.
 *
 * Each connection that ends badly adds the weight of the worst it did to the penalty of its source, which drains as time
 * goes by. Once the penalty has reached `minMs` the source is refused until it has drained to nothing. A source is a
 * network, as for {@link maxPerSource}; a peer without an address is neither penalised nor refused.
 *
 * The policy learns from the events of its server, from the first request that it sees. Place it on `ConnectionRequest`: it
 * ends no connection that is there already. Other than OpenSSH it cannot tell a user who does not exist. A client that
 * finds no common algorithm counts as one that did not sign in, not as one that broke the protocol. A connection that
 * succeeded costs nothing, whatever it took, unless the peer breaks the protocol later. Refused connections do not prolong
 * a penalty. Health checks that connect and leave are `noAuthMs`: make them exempt.
 *
 * Memory is bounded, see {@link MemoryCounterStore}: the penalty that is nearest to its end makes room for a new one.
 *
 * @example
 * ```ts
 * const perSource = penalties<ConnectionRequest>({ exempt: ['192.0.2.0/24'], weights: { noAuthMs: 0 } });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is out of range.
 * @see {@link banAfter}
 */
export function penalties<R extends FromConnection>(options: PenaltiesOptions = {}): Policy<R> {
  const by = policyName('penalties', options);
  requireClock('penalties', options);
  const { minMs = 15_000, maxMs = 600_000, onStoreFailure = 'deny', weights: given = {} } = options;
  requireDuration('penalties', 'minMs', minMs);
  requireDuration('penalties', 'maxMs', maxMs);
  if (maxMs < minMs) throw policyOptionError('penalties', 'maxMs', 'must be at least minMs', maxMs);
  requireChoice('penalties', 'onStoreFailure', onStoreFailure, ['deny', 'allow']);
  const weights = penaltyWeights('penalties', given);
  const exempt = exemptList(options.exempt);
  const lengths = prefixLengths('penalties', options);
  const store = completeStoreOf('penalties', options);

  const sourceOf = ({ remoteAddress }: FromConnection['connection']): string | undefined =>
    exempt.has(remoteAddress) === true ? undefined : sourcePrefix(remoteAddress, lengths);

  /** Adds to what is left; 0 asks. */
  const extend = (what: 'penalty' | 'refusal', source: string, addMs: number, now: number, cap = maxMs) =>
    askStore.extend(store, `${by}/${what}/${source}`, { addMs, maxMs: cap, now });

  const penalise = (source: string, weightMs: number, now: number) =>
    whenAnswered(extend('penalty', source, weightMs, now), (penaltyMs = 0) =>
      whenAnswered(extend('refusal', source, 0, now), (refusedMs = 0) =>
        // In force once it has come so far, until the end, and no longer than what is left of the penalty.
        penaltyMs >= minMs || refusedMs > 0 ? extend('refusal', source, penaltyMs, now, penaltyMs) : refusedMs,
      ),
    );

  const decide = decideEach<R>(by, (verdict) => {
    const source = sourceOf(verdict.request.connection);
    if (source === undefined || verdict.context?.reevaluation === true) return verdict;

    return passOnFailure(options, by, verdict, () =>
      whenAnswered(extend('refusal', source, 0, clockFor(options, verdict).now()), (left) =>
        left === 0 ? verdict : deny(verdict, by, DenyReason.Banned),
      ),
    );
  });

  return learnFrom(
    by,
    ({ events, denials, clock }) =>
      misbehaviours(events, denials).pipe(
        map(({ connection, kind }) => ({
          request: { type: 'ConnectionRequest', connection },
          learn: () => {
            const source = sourceOf(connection);
            if (source === undefined || weights[kind] === 0) return EMPTY;
            return observed(penalise(source, weights[kind], (options.clock ?? clock).now()));
          },
        })),
      ),
    decide,
  );
}

function exemptList(entries: readonly string[] = []): AddressList {
  if (!Array.isArray(entries)) throw policyOptionError('penalties', 'exempt', 'must be an array of addresses', entries);
  const reading = AddressList.read(entries);
  if ('list' in reading) return reading.list;
  const fault = `has an entry that cannot be used, since ${reading.fault}`;
  throw policyOptionError('penalties', 'exempt', fault, reading.entry);
}
