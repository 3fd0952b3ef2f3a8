import { messageOf, SshServerError } from '../errors.js';
import { after, type Clock } from './clock.js';
import { Decision, denial, type FinalVerdict, NOBODY, type Place, type Settlement } from './decision.js';
import type { DenyReason } from './deny-reason.js';
import type { EventHub } from './event-hub.js';
import type { SshRequest, SshRequests, SshRequestType } from './events/ssh-request.js';
import type { PolicyChains } from './policy-chains.js';
import type { PolicyStage } from './policy-stage.js';
import type { Revocation } from './revocation.js';
import { consider, type GrantedVerdict, type PolicyName, type Verdict } from './verdict.js';

export type { FinalVerdict } from './decision.js';

/** A question under way. */
export interface PendingDecision {
  /** Forgets the question: its asker is gone. `settle` is not called any more. */
  cancel(): void;
}

/** Told of the outcome of a request. */
export type Settle<R> = (verdict: FinalVerdict<R>, settlement: Settlement<R>) => void;

/**
 * Where a question meets its answer: runs each request through the policies of its type, in order, and settles it once.
 *
 * Deny wins and ends the run; a request that nobody granted is denied; so is one whose policies stay silent for
 * `deadlineMs`. Every outcome is a `Decided` event.
 */
export class Edge {
  readonly #hub: EventHub;
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  #chains: PolicyChains;
  /** Until when policies may think, for requests whose policies asked for more time than usual. */
  readonly #extended = new WeakMap<SshRequest, number>();

  constructor(chains: PolicyChains, hub: EventHub, clock: Clock, deadlineMs: number) {
    this.#chains = chains;
    this.#hub = hub;
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  /** The policies that decide now. */
  get chains(): PolicyChains {
    return this.#chains;
  }

  /** Lets `chains` decide from now on. Decisions under way end with the chains they began with. */
  replaceChains(chains: PolicyChains): void {
    const former = this.#chains;
    this.#chains = chains;
    former.retire(chains);
  }

  /** See {@link PolicyContext.extendDeadline}. */
  extendDeadline(request: SshRequest, ms: number): void {
    const until = this.#clock.now() + ms;
    if (until > (this.#extended.get(request) ?? 0)) this.#extended.set(request, until);
  }

  /**
   * Decides `request`. `settle` is called once, before the return if every policy answers at once.
   *
   * @param isGone tells whether whoever asked is gone, as observers and policies can bring about at any step; then
   *   nothing more is said of the request
   * @returns the question, if it is still open
   */
  decide<Type extends SshRequestType>(
    request: SshRequests[Type] & { readonly type: Type },
    settle: Settle<SshRequests[Type]>,
    isGone: () => boolean = () => false,
  ): PendingDecision | undefined {
    if (this.#hub.wants(request.type)) this.#hub.emit(request);
    if (isGone()) return undefined;
    return this.#run<SshRequests[Type]>(
      consider<SshRequests[Type]>(request),
      this.#chains.stagesOf(request.type),
      settle,
      isGone,
    );
  }

  /**
   * Asks `stages` about a request that was granted before. Publishes a denial, which is a revocation, and nothing else.
   *
   * @returns the question, if it is still open
   */
  reevaluate<R extends SshRequest>(
    granted: GrantedVerdict<R>,
    stages: readonly PolicyStage<R>[],
    settle: Settle<R>,
    isGone: () => boolean,
  ): PendingDecision | undefined {
    return this.#run<R>(granted, stages, settle, isGone);
  }

  /** Refuses a request that is not put to the policies: the state of the connection rules it out. Published like any other. */
  refuse(request: SshRequest, by: PolicyName, reason: DenyReason): void {
    if (this.#hub.wants(request.type)) this.#hub.emit(request);
    this.#publish(request, denial(request, by, reason), NOBODY, this.#clock.now());
  }

  /** Tells that what `request` was granted is taken back. */
  revoked(request: SshRequest, { by, message }: Revocation, at: Place, grantedAt: number): void {
    if (!this.#hub.wants('Decided')) return;
    this.#hub.emit({ ...this.#decided(request, by, at, grantedAt), outcome: 'revoked', message });
  }

  #run<R extends SshRequest>(
    verdict: Verdict<R>,
    stages: readonly PolicyStage<R>[],
    settle: Settle<R>,
    isGone: () => boolean,
  ): PendingDecision | undefined {
    const { request } = verdict;
    const again = verdict.state === 'granted';
    const chains = this.#chains;
    chains.enter();
    const decision = new Decision<R>(verdict, stages, this.#clock.now(), (settlement) => {
      chains.leave();
      if (isGone()) return;
      const final = settlement.verdict;
      this.#reportFailure(request, final, settlement.at);
      if (!again) this.#publish(request, final, settlement.at, decision.startedAt);
      if (!isGone()) settle(final, settlement);
    });
    decision.advance();
    if (decision.settled) return undefined;
    const pending = {
      cancel: () => {
        if (decision.settled) return;
        decision.cancel();
        chains.leave();
      },
    };
    if (isGone()) {
      pending.cancel();
      return undefined;
    }
    this.#expect(decision, request, this.#deadlineMs);
    return pending;
  }

  /** Gives the policies `waitMs`, or what they asked for. */
  #expect<R extends SshRequest>(decision: Decision<R>, request: R, waitMs: number): void {
    const wait = Math.max(waitMs, (this.#extended.get(request) ?? 0) - this.#clock.now());
    decision.deadline = after(this.#clock, wait, () => {
      const { silent } = decision;
      if (silent === undefined) return;
      if ((this.#extended.get(request) ?? 0) > this.#clock.now()) {
        this.#expect(decision, request, 0);
        return;
      }
      const waited = this.#clock.now() - decision.startedAt;
      // Before the denial, which may end the connection.
      this.#chains.report(
        new SshServerError(
          'ERR_SSH_POLICY_FAILED',
          `${silent.source} did not answer within ${String(waited)} ms; the request was denied`,
        ),
        silent.source,
        request,
      );
      decision.expire();
    });
  }

  /** A policy that caught a failure of its own callback denies with the cause. */
  #reportFailure(request: SshRequest, verdict: FinalVerdict<SshRequest>, at: Place): void {
    if (verdict.state !== 'denied' || verdict.cause === undefined) return;
    const { cause, by } = verdict;
    this.#chains.report(
      new SshServerError(
        'ERR_SSH_POLICY_FAILED',
        `${at.source} (${by}) failed: ${messageOf(cause)}; the request was denied`,
        { cause },
      ),
      at.source,
      request,
    );
  }

  #publish(request: SshRequest, verdict: FinalVerdict<SshRequest>, at: Place, startedAt: number): void {
    if (!this.#hub.wants('Decided')) return;
    const decided = this.#decided(request, verdict.by, at, startedAt);
    this.#hub.emit(
      verdict.state === 'granted'
        ? { ...decided, outcome: 'granted' }
        : { ...decided, outcome: 'denied', reason: verdict.reason },
    );
  }

  #decided(request: SshRequest, by: PolicyName, { source, phase }: Place, since: number) {
    return {
      type: 'Decided',
      connection: request.connection,
      request,
      by,
      source,
      phase,
      elapsedMs: this.#clock.now() - since,
    } as const;
  }
}
