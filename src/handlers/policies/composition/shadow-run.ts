import { Subscription } from 'rxjs';

import { SshServerError } from '../../../errors.js';
import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { Policy } from '../../../streams/policy.js';
import type { PolicyContext } from '../../../streams/policy-context.js';
import type { PolicyReport } from '../../../streams/policy-report.js';
import type { OpenVerdict, PolicyName, Verdict } from '../../../streams/verdict.js';
import type { UndeniedVerdict } from '../decide-each.js';
import { at } from '../long-timer.js';
import { MemberPolicy } from './member-policy.js';
import { type ClockOption, clockFor } from '../policy-clock.js';

/** How a {@link ShadowRun} works; see the options of `shadow`. */
export interface ShadowRunOptions extends ClockOption {
  readonly name?: PolicyName;
  readonly maxPending: number;
  readonly silentAfterMs: number;
}

type ShadowReport = Extract<PolicyReport, { readonly type: 'shadow' }>;

/** A request that the policy has not answered yet. */
interface Watched<R> {
  readonly verdict: UndeniedVerdict<R>;
  /** The wait for the answer, and for the end of patience. */
  readonly waiting: Subscription;
  toldSilent: boolean;
}

/** A policy that is asked and not obeyed, for one subscription of its shadow. Nothing it does comes out but reports. */
export class ShadowRun<R extends SshRequest> {
  readonly #policy: Policy<R>;
  readonly #options: ShadowRunOptions;
  /** The policy, once it could be applied. */
  #member: MemberPolicy<R> | undefined;
  /** Its life until the next failure. */
  #life: Subscription | undefined;
  /** Oldest first. */
  readonly #pending = new Set<Watched<R>>();
  /** What is being put to the policy. Not kept longer: a request may hold a password. */
  #asking: UndeniedVerdict<R> | undefined;
  /** Where a failure is told of that no request has brought about. */
  #context: PolicyContext | undefined;
  readonly #contexts = new WeakMap<PolicyContext, PolicyContext>();

  constructor(policy: Policy<R>, options: ShadowRunOptions) {
    this.#policy = policy;
    this.#options = options;
  }

  /** Asks the policy about `verdict`, and reports what it answers, at once or later. Never throws. */
  watch(verdict: UndeniedVerdict<R>): void {
    this.#asking = verdict;
    this.#context = verdict.context;
    try {
      const member = (this.#member ??= new MemberPolicy('shadow', this.#policy));
      const life = this.#life ?? this.#begin(member);
      // It may fail on the spot.
      if (!life.closed) this.#ask(member, verdict);
    } catch (cause) {
      this.#fail(cause);
    } finally {
      this.#asking = undefined;
    }
  }

  /** Unsubscribes the policy. Never throws. */
  end(): void {
    const context = this.#context;
    this.#context = undefined;
    try {
      this.#drop();
    } catch (cause) {
      this.#reportFailure(context, undefined, cause);
    }
  }

  #begin(member: MemberPolicy<R>): Subscription {
    const life = new Subscription();
    this.#life = life;
    const lost = (cause: unknown): void => {
      if (this.#life === life) this.#fail(cause);
    };
    life.add(
      member.subscribe({
        error: lost,
        complete: () => {
          lost(failure('completed'));
        },
      }),
    );
    return life;
  }

  #ask(member: MemberPolicy<R>, verdict: UndeniedVerdict<R>): void {
    const clock = clockFor(this.#options, verdict);
    const askedAt = clock.now();
    const watched: Watched<R> = { verdict, waiting: new Subscription(), toldSilent: false };
    this.#pending.add(watched);
    watched.waiting.add(
      member.ask(this.#shadowed(verdict), (answer) => {
        this.#forget(watched);
        this.#report(verdict, answer, clock.now() - askedAt);
      }),
    );
    // Answered on the spot, or failed.
    if (watched.waiting.closed) return;
    const { silentAfterMs, maxPending } = this.#options;
    watched.waiting.add(
      at(clock, askedAt + silentAfterMs).subscribe(() => {
        watched.toldSilent = true;
        this.#reportFailure(
          verdict.context,
          verdict.request,
          failure(`has not answered for ${String(silentAfterMs)} ms`),
        );
      }),
    );
    if (this.#pending.size > maxPending) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const oldest of this.#pending) {
      this.#forget(oldest);
      const { context, request } = oldest.verdict;
      if (!oldest.toldSilent) {
        this.#reportFailure(context, request, failure('is too slow: too many requests wait for it'));
      }
      return;
    }
  }

  #forget(watched: Watched<R>): void {
    this.#pending.delete(watched);
    watched.waiting.unsubscribe();
  }

  /** The policy is of no use until it is subscribed again. */
  #fail(cause: unknown): void {
    const [longest] = this.#pending;
    const suffered = this.#asking ?? longest?.verdict;
    try {
      this.#drop();
    } catch {
      // What failed first is what has to be told.
    }
    this.#reportFailure(this.#context, suffered?.request, cause);
  }

  #drop(): void {
    const life = this.#life;
    this.#life = undefined;
    for (const watched of this.#pending) watched.waiting.unsubscribe();
    this.#pending.clear();
    life?.unsubscribe();
  }

  #report(verdict: UndeniedVerdict<R>, answer: Verdict<R>, elapsedMs: number): void {
    if (answer.state === 'denied' && answer.cause !== undefined) {
      this.#reportFailure(verdict.context, verdict.request, answer.cause);
    }
    const { by = 'shadow', ...decision } = decisionOf(verdict, answer);
    verdict.context?.report({
      type: 'shadow',
      request: verdict.request,
      by: this.#options.name ?? by,
      ...decision,
      leases: answer.state === 'denied' ? 0 : answer.leases.filter((it) => !verdict.leases.includes(it)).length,
      elapsedMs,
    });
  }

  #reportFailure(context: PolicyContext | undefined, request: R | undefined, cause: unknown): void {
    const by = this.#options.name ?? 'shadow';
    context?.report({ type: 'failure', ...(request === undefined ? {} : { request }), by, cause });
  }

  /** What the policy gets to see: without power over the real request, and without the reasons of others. */
  #shadowed(verdict: UndeniedVerdict<R>): UndeniedVerdict<R> {
    const { context } = verdict;
    // Nobody would hear what it says.
    if (context === undefined) return verdict;
    let shadowed = this.#contexts.get(context);
    if (shadowed === undefined) {
      shadowed = {
        clock: context.clock,
        events: context.events,
        denials: context.denials,
        retired: context.retired,
        reevaluation: context.reevaluation,
        report: (report) => {
          context.report(report);
        },
        extendDeadline: () => undefined,
      };
      this.#contexts.set(context, shadowed);
    }
    return { ...(verdict.state === 'open' ? undeclined(verdict) : verdict), context: shadowed };
  }
}

/** What a policy has made of `verdict`, and in whose name. */
function decisionOf<R>(
  verdict: UndeniedVerdict<R>,
  answer: Verdict<R>,
): Pick<ShadowReport, 'outcome' | 'reason'> & { readonly by?: PolicyName } {
  switch (answer.state) {
    case 'open':
      return answer.declined === undefined ? { outcome: 'open' } : { outcome: 'declined', ...answer.declined };
    case 'granted':
      // A grant of others that stands is no decision.
      return verdict.state === 'granted' ? { outcome: 'open' } : { outcome: 'granted', by: answer.by };
    case 'denied':
      return { outcome: 'denied', by: answer.by, reason: answer.reason };
    default:
      return answer satisfies never;
  }
}

const undeclined = <R>({ state, request, leases, requires }: OpenVerdict<R>): OpenVerdict<R> => ({
  state,
  request,
  leases,
  ...(requires === undefined ? {} : { requires }),
});

const failure = (what: string): SshServerError =>
  new SshServerError('ERR_SSH_POLICY_FAILED', `shadow: the policy in it ${what}`);
