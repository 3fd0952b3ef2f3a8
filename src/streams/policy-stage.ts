import { isObservable, type Observable, ReplaySubject, Subject, Subscription } from 'rxjs';

import { messageOf, SshServerError } from '../errors.js';
import { DenyReason } from './deny-reason.js';
import { type DecideVerdict, decisionOf } from './each-verdict.js';
import type { SshRequest } from './events/ssh-request.js';
import type { Phase } from './phase.js';
import type { Policy } from './policy.js';
import type { PolicyContext } from './policy-context.js';
import { deny, type Verdict, withContext } from './verdict.js';
import { brokenRule, isVerdict } from './verdict-rules.js';

/** A policy in its place: what it is called, when it runs. */
export interface PlacedPolicy<R extends SshRequest> {
  /** `Class.method`, or the name of the function or module it came from. Shown in errors and by `describe()`. */
  readonly source: string;
  readonly phase: Phase;
  readonly policy: Policy<R>;
}

/** Told of a policy that broke its promise, with the request that suffered from it if there is one. */
export type ReportFault = (error: SshServerError, source: string, request: SshRequest | undefined) => void;

/** Makes what the verdicts of one policy carry with them. */
export type MakeContext = (retired$: Observable<void>) => PolicyContext;

/** A question that the policy owes an answer to. */
interface Ticket<R> {
  /** As it was put to the policy. */
  readonly verdict: Verdict<R>;
  readonly settle: (verdict: Verdict<R>) => void;
  /** What the policy does about it, if it was called and not subscribed. */
  thinking?: Subscription;
}

/** What may be asked of anything that a policy emits but null and undefined. */
interface Emitted<R> {
  readonly request?: R;
  readonly context?: PolicyContext;
}

/**
 * One policy, subscribed once, with every request it still owes an answer to.
 *
 * A policy that throws or errors costs the requests it was holding at that moment: they are denied, the failure is
 * reported, and the policy is subscribed again for the next request. State that a policy keeps outside its subscription
 * (all policies of this package do) survives, so that a failure never resets a rate limit.
 * A policy that completes has said that it will answer no more: everything is denied from then on.
 */
export class PolicyStage<R extends SshRequest> {
  readonly source: string;
  readonly phase: Phase;
  readonly #input = new Subject<Verdict<R>>();
  /** The question that is being put to the policy. Nearly every one is answered in that very call, and never has to wait. */
  #asking: Ticket<R> | undefined;
  /** What was answered while it was being put to the policy, to notice a second answer. */
  #answered: R | undefined;
  /** Questions that the policy thinks about. */
  readonly #waiting = new Map<R, Ticket<R>>();
  /** Made with the first request that late answers are not worth a report of: whoever asked is gone, or it was reported. */
  #closed: WeakSet<R> | undefined;
  readonly #output$: Observable<unknown>;
  /** What the policy does, if it decides each verdict by itself: it is called then, and never subscribed. */
  readonly #decide: DecideVerdict<R> | undefined;
  readonly #report: ReportFault;
  readonly #retired = new ReplaySubject<void>(1);
  readonly #context: PolicyContext | undefined;
  #reevaluationContext: PolicyContext | undefined;
  /** The subscription in use; those that errored have left it. */
  readonly #subscription = new Subscription();
  /** Calls of {@link #decide} under way, one within another. */
  #calls = 0;
  #subscribed = false;
  #completed = false;

  /** @throws whatever the policy throws when it is built, or TypeError if it is no operator; the caller names it. */
  constructor(placed: PlacedPolicy<R>, report: ReportFault, makeContext?: MakeContext) {
    this.#context = makeContext?.(this.#retired.asObservable());
    this.source = placed.source;
    this.phase = placed.phase;
    this.#report = report;
    // What a policy written in JavaScript may return.
    const input$ = this.#input.asObservable();
    const output$: unknown = placed.policy(input$);
    if (!isObservable(output$)) throw new TypeError('it returned no Observable');
    this.#output$ = output$;
    this.#decide = decisionOf(output$, input$);
  }

  /**
   * Puts `verdict` to the policy; `settle` is called exactly once unless {@link abandon} comes first.
   *
   * @param again - see {@link PolicyContext.reevaluation}
   */
  ask(verdict: Verdict<R>, settle: (verdict: Verdict<R>) => void, again = false): void {
    if (this.#completed) {
      settle(deny(verdict, this.source, DenyReason.PolicyFailed));
      return;
    }
    const context = again ? this.#contextOfReevaluation() : this.#context;
    const put = context === undefined ? verdict : withContext(verdict, context);
    // A policy may listen to what comes in besides deciding it.
    if (this.#decide !== undefined && !this.#input.observed) {
      this.#askDirectly(this.#decide, put, settle);
      return;
    }
    const ticket = { verdict: put, settle };
    // Asked from within another question: that one may be answered yet.
    if (this.#asking !== undefined) this.#wait(this.#asking);
    this.#asking = ticket;
    if (!this.#subscribed) this.#subscribe();
    this.#input.next(put);
    this.#answered = undefined;
    if (this.#asking !== ticket) return;
    this.#asking = undefined;
    this.#wait(ticket);
  }

  /** Forgets a request whose asker is gone or has stopped waiting; a late answer is ignored. */
  abandon(request: R): void {
    const ticket = this.#take(request);
    if (ticket !== undefined || this.#calls > 0) this.#close(request);
    ticket?.thinking?.unsubscribe();
  }

  /** Unsubscribes the policy: nothing will be asked any more. */
  close(): void {
    try {
      this.#subscription.unsubscribe();
    } catch (cause) {
      const error = new SshServerError(
        'ERR_SSH_POLICY_FAILED',
        `${this.source} threw while it was unsubscribed: ${messageOf(cause)}`,
        { cause },
      );
      this.#report(error, this.source, undefined);
    }
    this.#retired.next();
    this.#retired.complete();
  }

  /** How many requests wait for this policy. */
  get pending(): number {
    return this.#waiting.size + (this.#asking === undefined ? 0 : 1);
  }

  #askDirectly(decide: DecideVerdict<R>, put: Verdict<R>, settle: (verdict: Verdict<R>) => void): void {
    let answer: Verdict<R> | Observable<Verdict<R>>;
    this.#calls += 1;
    try {
      answer = decide(put);
    } catch (cause) {
      answer = this.#failedAt(put, cause);
    } finally {
      this.#calls -= 1;
    }
    // A policy that has nothing to say.
    if (answer === put) {
      settle(put);
      return;
    }
    if (!isObservable(answer)) {
      settle(this.#checked(put, answer));
      return;
    }
    // The asker may have gone while the policy was being called.
    if (this.#closed?.has(put.request) === true) return;
    const ticket: Ticket<R> = { verdict: put, settle };
    this.#wait(ticket);
    const thinking = answer.subscribe({
      next: (verdict) => {
        // Else it was abandoned.
        this.#take(put.request)?.settle(this.#checked(put, verdict));
      },
      error: (cause: unknown) => {
        this.#take(put.request)?.settle(this.#failedAt(put, cause));
      },
    });
    if (thinking.closed) return;
    this.#subscription.add(thinking);
    ticket.thinking = thinking;
    // Likewise, while it was being subscribed.
    if (this.#waiting.get(put.request) !== ticket) thinking.unsubscribe();
  }

  #contextOfReevaluation(): PolicyContext | undefined {
    if (this.#context === undefined) return undefined;
    return (this.#reevaluationContext ??= { ...this.#context, reevaluation: true });
  }

  #subscribe(): void {
    this.#subscribed = true;
    const subscription = this.#output$.subscribe({
      next: (emitted) => {
        this.#answer(emitted);
      },
      error: (cause: unknown) => {
        this.#subscribed = false;
        this.#fail('threw', cause);
      },
      complete: () => {
        this.#completed = true;
        this.#fail('completed, so nothing it decides can be granted any more', undefined);
      },
    });
    this.#subscription.add(subscription);
  }

  /** @param emitted - whatever a policy written in JavaScript may emit */
  #answer(emitted: unknown): void {
    // Anything but null and undefined can be asked for any property, and the request decides whose answer it is.
    const request = (emitted as Emitted<R> | null | undefined)?.request;
    const ticket = request === undefined ? undefined : this.#take(request);
    if (request === undefined || ticket === undefined) {
      this.#hearNobodys(emitted, request);
      return;
    }
    // A policy that has nothing to say.
    if (emitted === ticket.verdict) {
      ticket.settle(ticket.verdict);
      return;
    }
    ticket.settle(this.#checked(ticket.verdict, emitted));
  }

  /** What a policy has made of `put`, if that is according to the rules; else a denial. */
  #checked(put: Verdict<R>, answer: unknown): Verdict<R> {
    // One about the request that the policy was asked about, which says what kind of request that is.
    const verdict = isVerdict(answer) && answer.request === put.request ? (answer as Verdict<R>) : undefined;
    const broken = verdict === undefined ? NO_VERDICT : brokenRule(put, verdict);
    if (verdict !== undefined && broken === undefined) return verdict;

    this.#report(
      new SshServerError('ERR_SSH_POLICY_FAILED', `${this.source} ${String(broken)}; the request was denied`),
      this.source,
      put.request,
    );
    return deny(put, this.source, DenyReason.PolicyFailed);
  }

  /** An answer that nobody waits for: to what was abandoned, to what was never asked, or one too many. */
  #hearNobodys(emitted: unknown, request: R | undefined): void {
    if (request !== undefined && this.#hasAnswered(emitted, request)) {
      this.#close(request);
      const text = `${this.source} emitted a second verdict for one request, or one for a request of its own, which is not heard`;
      this.#report(new SshServerError('ERR_SSH_POLICY_FAILED', text), this.source, request);
    } else if (!isVerdict(emitted)) {
      this.#fail(NO_VERDICT, undefined);
    }
  }

  /** Goes by the context, since to remember what was answered would cost each request more than most policies do. */
  #hasAnswered(emitted: unknown, request: R): boolean {
    if (typeof request !== 'object' || this.#closed?.has(request) === true) return false;
    if (request === this.#answered) return true;
    // What has a request can be asked for more; and only verdicts that were put to this policy carry its contexts.
    const { context } = emitted as Emitted<R>;
    return context !== undefined && (context === this.#context || context === this.#reevaluationContext);
  }

  #wait(ticket: Ticket<R>): void {
    this.#waiting.set(ticket.verdict.request, ticket);
  }

  /** The question about `request`, which waits no more. */
  #take(request: R): Ticket<R> | undefined {
    const asking = this.#asking;
    if (asking?.verdict.request === request) {
      this.#asking = undefined;
      this.#answered = request;
      return asking;
    }
    if (this.#waiting.size === 0) return undefined;
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    return waiting;
  }

  #close(request: R): void {
    (this.#closed ??= new WeakSet()).add(request);
  }

  /** The policy threw at one question, and that one alone is denied. */
  #failedAt(put: Verdict<R>, cause: unknown): Verdict<R> {
    this.#failed('threw', cause, put.request);
    return deny(put, this.source, DenyReason.PolicyFailed);
  }

  #failed(what: string, cause: unknown, request: R | undefined): void {
    const detail = cause === undefined ? '' : `: ${messageOf(cause)}`;
    const error = new SshServerError('ERR_SSH_POLICY_FAILED', `${this.source} ${what}${detail}`, { cause });
    this.#report(error, this.source, request);
  }

  #fail(what: string, cause: unknown): void {
    const held = [...this.#waiting.values(), ...(this.#asking === undefined ? [] : [this.#asking])];
    this.#waiting.clear();
    this.#asking = undefined;
    for (const { verdict } of held) this.#close(verdict.request);
    this.#failed(what, cause, held[0]?.verdict.request);
    for (const { verdict, settle } of held) settle(deny(verdict, this.source, DenyReason.PolicyFailed));
  }
}

const NO_VERDICT = 'emitted something that is no verdict';
