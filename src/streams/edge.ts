import type { Subscription } from 'rxjs';

import { messageOf, SshServerError } from '../errors.js';
import { after, type Clock } from './clock.js';
import { DenyReason } from './deny-reason.js';
import type { EventHub } from './event-hub.js';
import type { SshRequest, SshRequests, SshRequestType } from './events/ssh-request.js';
import type { Phase } from './phase.js';
import type { PolicyChains } from './policy-chains.js';
import type { PolicyStage } from './policy-stage.js';
import { consider, type DeniedVerdict, type GrantedVerdict, type PolicyName } from './verdict.js';

/** What the edge makes of a request: never open. */
export type FinalVerdict<R> = GrantedVerdict<R> | DeniedVerdict<R>;

/** A question under way. */
export interface PendingDecision {
  /** Forgets the question: its asker is gone. `settle` is not called any more. */
  cancel(): void;
}

/**
 * Where a question meets its answer: runs each request through the policies of its type, in order, and settles it once.
 *
 * Deny wins and ends the run; a request that nobody granted is denied; so is one whose policies stay silent for
 * `deadlineMs`. Every outcome is a `Decided` event.
 */
export class Edge {
  readonly #chains: PolicyChains;
  readonly #hub: EventHub;
  readonly #clock: Clock;
  readonly #deadlineMs: number;

  constructor(chains: PolicyChains, hub: EventHub, clock: Clock, deadlineMs: number) {
    this.#chains = chains;
    this.#hub = hub;
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
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
    settle: (verdict: FinalVerdict<SshRequests[Type]>) => void,
    isGone: () => boolean = () => false,
  ): PendingDecision | undefined {
    if (this.#hub.wants(request.type)) this.#hub.emit(request);
    if (isGone()) return undefined;

    const decision = new Decision<SshRequests[Type]>(
      request,
      this.#chains.stagesOf(request.type),
      this.#clock.now(),
      (verdict, stage) => {
        if (isGone()) return;
        this.#reportFailure(request, verdict, stage);
        this.#publish(request, verdict, stage, startedAt);
        if (!isGone()) settle(verdict);
      },
    );
    const startedAt = decision.startedAt;
    decision.advance();
    if (decision.settled) return undefined;
    if (isGone()) {
      decision.cancel();
      return undefined;
    }

    decision.deadline = after(this.#clock, this.#deadlineMs, () => {
      const { silent } = decision;
      if (silent === undefined) return;
      // Before the denial, which may end the connection.
      this.#chains.report(
        new SshServerError(
          'ERR_SSH_POLICY_FAILED',
          `${silent.source} did not answer within ${String(this.#deadlineMs)} ms; the request was denied`,
        ),
        silent.source,
        request,
      );
      decision.expire();
    });
    return decision;
  }

  /** Refuses a request that is not put to the policies: the state of the connection rules it out. Published like any other. */
  refuse(request: SshRequest, by: PolicyName, reason: DenyReason): void {
    if (this.#hub.wants(request.type)) this.#hub.emit(request);
    this.#publish(request, denial(request, by, reason), NOBODY, this.#clock.now());
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
    const decided = {
      type: 'Decided',
      connection: request.connection,
      request,
      by: verdict.by,
      source: at.source,
      phase: at.phase,
      elapsedMs: this.#clock.now() - startedAt,
    } as const;
    this.#hub.emit(
      verdict.state === 'granted'
        ? { ...decided, outcome: 'granted' }
        : { ...decided, outcome: 'denied', reason: verdict.reason },
    );
  }
}

interface Place {
  readonly source: string;
  readonly phase: Phase;
}

/** Where a request ends that no policy granted. */
const NOBODY: Place = { source: 'rxsshd', phase: 'route' };

/** One request on its way through the stages. */
class Decision<R extends SshRequest> implements PendingDecision {
  readonly startedAt: number;
  deadline: Subscription | undefined;
  settled = false;
  readonly #request: R;
  readonly #stages: readonly PolicyStage<R>[];
  readonly #settle: (verdict: FinalVerdict<R>, at: Place) => void;
  #verdict;
  #grantedAt: Place = NOBODY;
  #index = 0;

  constructor(
    request: R,
    stages: readonly PolicyStage<R>[],
    startedAt: number,
    settle: (verdict: FinalVerdict<R>, at: Place) => void,
  ) {
    this.#request = request;
    this.#stages = stages;
    this.startedAt = startedAt;
    this.#settle = settle;
    this.#verdict = consider(request);
  }

  /** Asks the next stage until one denies, one has to think, or all have spoken. */
  advance(): void {
    // A loop, not recursion: a stage that answers at once has moved the index on before `ask` returns.
    while (!this.settled) {
      const stage = this.#stages[this.#index];
      if (stage === undefined) {
        const verdict = this.#verdict;
        if (verdict.state === 'granted') this.#finish(verdict, this.#grantedAt);
        else this.#finish(denial(verdict.request, NOBODY.source, DenyReason.NoGrant), NOBODY);
        return;
      }
      const index = this.#index;
      let returned = false;
      stage.ask(this.#verdict, (verdict) => {
        if (this.settled) return;
        if (this.#verdict.state === 'open' && verdict.state === 'granted') this.#grantedAt = stage;
        this.#verdict = verdict;
        this.#index += 1;
        if (verdict.state === 'denied') this.#finish(verdict, stage);
        else if (returned) this.advance();
      });
      returned = true;
      if (this.#index === index) return;
    }
  }

  cancel(): void {
    if (this.settled) return;
    this.settled = true;
    this.deadline?.unsubscribe();
    this.#stages[this.#index]?.abandon(this.#request);
  }

  /** The stage that has not answered yet. */
  get silent(): PolicyStage<R> | undefined {
    return this.settled ? undefined : this.#stages[this.#index];
  }

  /** Denies what has not been settled yet. */
  expire(): void {
    const { silent } = this;
    if (silent === undefined) return;
    silent.abandon(this.#request);
    this.#finish(denial(this.#request, silent.source, DenyReason.PolicySilent), silent);
  }

  #finish(verdict: FinalVerdict<R>, at: Place): void {
    this.settled = true;
    this.deadline?.unsubscribe();
    this.#settle(verdict, at);
  }
}

const denial = <R>(request: R, by: string, reason: DenyReason): DeniedVerdict<R> => ({
  state: 'denied',
  request,
  by,
  reason,
});
