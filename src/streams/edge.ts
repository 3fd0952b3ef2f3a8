import { messageOf, SshServerError } from '../errors.js';
import { after, type Clock } from './clock.js';
import type { AttachedLease } from './attached-lease.js';
import { Decision, denial, type FinalVerdict, isProvisional, NOBODY, type Place } from './decision.js';
import type { EventHub } from './event-hub.js';
import type { Overruled } from './events/decided.js';
import type { SshRequest, SshRequests, SshRequestType } from './events/ssh-request.js';
import type { Lease } from './lease.js';
import type { PolicyChains, Replacement } from './policy-chains.js';
import type { PolicyStage } from './policy-stage.js';
import { shortcomingOf } from './requirements/auth-progress.js';
import { withRequirementsOf } from './requirements/with-requirements-of.js';
import type { Revocation } from './revocation.js';
import { consider, type Declined, type GrantedVerdict, type Verdict } from './verdict.js';

/** A question under way. */
export interface PendingDecision {
  /** Forgets the question: its asker is gone. `settle` is not called any more. */
  cancel(): void;
}

/** How a request was decided. */
export interface Settlement {
  /** The place of the policy that decided. */
  readonly at: Place;
  /** The leases that the policies have attached, beside those that the verdict came with. */
  readonly attached: readonly AttachedLease[];
  /** The policies that were asked. */
  readonly chains: PolicyChains;
  /** Present if the grant lets nobody in by itself: the requirements want more steps behind it (RFC 4252 section 5.1). */
  readonly partial?: true;
}

/** Told of the outcome of a request. */
export type Settle<R> = (verdict: FinalVerdict<R>, settlement: Settlement) => void;

/** Whoever asks an {@link Edge}. */
export interface Asker {
  /** Whether it is gone, as observers and policies can bring about at any step; then nothing more is said of the request. */
  isGone(): boolean;
  /**
   * Why it may have nothing more, or none of `leases`, whatever the policies say; undefined if it may. Asked before the policies
   * are, and again before a grant counts, since much may have happened meanwhile.
   */
  refusal?(leases: readonly Lease[]): Declined | undefined;
}

/** Somebody who waits for ever. */
const PATIENT: Asker = { isGone: () => false };

/**
 * Where a question meets its answer: runs each request through the policies of its type, in order, and settles it once.
 *
 * Deny wins and ends the run; a request that nobody granted is denied; so is one whose policies stay silent for
 * `deadlineMs`. Every outcome is a `Decided` event, built if anybody listens to those of its kind.
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

  /**
   * Lets other policies decide from now on. Decisions under way end with the policies they began with.
   *
   * @param whenUsedUp - called once the last of those has ended, perhaps at once
   */
  replaceChains(replacement: Replacement, whenUsedUp?: () => void): void {
    this.#chains = replacement.next;
    replacement.former.retire(replacement, whenUsedUp);
  }

  /** See {@link PolicyContext.extendDeadline}. */
  extendDeadline(request: SshRequest, ms: number): void {
    const until = this.#clock.now() + ms;
    if (until > (this.#extended.get(request) ?? 0)) this.#extended.set(request, until);
  }

  /**
   * Decides `request`. `settle` is called once, before the return if every policy answers at once.
   *
   * @returns the question, if it is still open
   */
  decide<Type extends SshRequestType>(
    request: SshRequests[Type] & { readonly type: Type },
    settle: Settle<SshRequests[Type]>,
    asker: Asker = PATIENT,
  ): PendingDecision | undefined {
    if (this.#hub.wants(request.type)) this.#hub.emit(request);
    if (asker.isGone()) return undefined;
    const refused = asker.refusal?.([]);
    if (refused === undefined) {
      const stages = this.#chains.stagesOf(request.type);
      return this.#run<SshRequests[Type]>(consider<SshRequests[Type]>(request), stages, settle, asker);
    }
    const verdict = denial<SshRequests[Type]>(request, refused.by, refused.reason);
    this.#publish(request, verdict, NOBODY, this.#clock.now(), UNGRANTED);
    if (!asker.isGone()) settle(verdict, { at: NOBODY, attached: [], chains: this.#chains });
    return undefined;
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
    return this.#run<R>(granted, stages, settle, { isGone });
  }

  /** Tells that what `request` was granted is taken back. */
  revoked(request: SshRequest, { by, message }: Revocation, { source, phase }: Place, grantedAt: number): void {
    if (!this.#hub.wants('Decided')) return;
    const { connection } = request;
    const elapsedMs = this.#clock.now() - grantedAt;
    this.#hub.emit({ type: 'Decided', connection, request, by, source, phase, elapsedMs, outcome: 'revoked', message });
  }

  #run<R extends SshRequest>(
    verdict: Verdict<R>,
    stages: readonly PolicyStage<R>[],
    settle: Settle<R>,
    asker: Asker,
  ): PendingDecision | undefined {
    const { request } = verdict;
    const again = verdict.state === 'granted';
    const chains = this.#chains;
    chains.enter();
    const decision = new Decision<R>(verdict, stages, this.#clock.now(), (concluded, place, attached) => {
      chains.leave();
      this.#extended.delete(request);
      if (asker.isGone()) return;
      const lacks = again ? undefined : missingIn(concluded);
      const declined = concluded.state === 'granted' ? asker.refusal?.(concluded.leases) : undefined;
      const refused = declined ?? (lacks === 'partial' ? undefined : lacks);
      const partial = refused === undefined && lacks === 'partial';
      const final =
        refused === undefined
          ? concluded
          : withRequirementsOf(denial(request, refused.by, refused.reason), [concluded]);
      const at = refused === undefined ? place : NOBODY;
      this.#reportFailure(request, final, at);
      // Whoever hears of it may end the connection, and nothing comes behind its last event.
      if (asker.isGone()) return;
      if (!again) this.#publish(request, final, at, decision.startedAt, decision, partial);
      if (!asker.isGone()) settle(final, partial ? { at, attached, chains, partial } : { at, attached, chains });
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
    if (asker.isGone()) {
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

  #publish(
    request: SshRequest,
    verdict: FinalVerdict<SshRequest>,
    at: Place,
    startedAt: number,
    { grant }: { readonly grant: Overruled | undefined },
    partial = false,
  ): void {
    if (!(verdict.state === 'denied' ? this.#hub.wantsDenials() : this.#hub.wants('Decided'))) return;
    // Written out: to spread an object takes ten times as long, and every decision comes by here.
    const type = 'Decided';
    const { connection } = request;
    const { by } = verdict;
    const { source, phase } = at;
    const elapsedMs = this.#clock.now() - startedAt;
    if (verdict.state === 'denied') {
      const { reason } = verdict;
      const denied = { type, connection, request, by, source, phase, elapsedMs, outcome: 'denied', reason } as const;
      this.#hub.emit(grant === undefined ? denied : { ...denied, overruled: grant });
    } else if (partial || isProvisional(verdict)) {
      const outcome = 'granted';
      const met = { type, connection, request, by, source, phase, elapsedMs, outcome, provisional: true } as const;
      this.#hub.emit(partial ? { ...met, partial } : met);
    } else {
      this.#hub.emit({ type, connection, request, by, source, phase, elapsedMs, outcome: 'granted' });
    }
  }
}

/** What a grant lacks that does not suffice; see {@link shortcomingOf}. */
const missingIn = (verdict: FinalVerdict<SshRequest>): Declined | 'partial' | undefined =>
  verdict.state === 'denied' || verdict.requires === undefined
    ? undefined
    : shortcomingOf(verdict, isProvisional(verdict));

/** Stands for the decision about a request that no policy was asked about. */
const UNGRANTED = { grant: undefined };
