import { isObservable, type Observable, ReplaySubject, Subject, Subscription } from 'rxjs';

import { messageOf, SshServerError } from '../errors.js';
import { DenyReason } from './deny-reason.js';
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

interface Ticket<R> {
  readonly verdict: Verdict<R>;
  readonly settle: (verdict: Verdict<R>) => void;
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
  readonly #waiting = new Map<R, Ticket<R>>();
  /** What was answered, to notice a policy that answers twice. */
  readonly #answered = new WeakSet<R>();
  readonly #output$: Observable<unknown>;
  readonly #report: ReportFault;
  readonly #retired = new ReplaySubject<void>(1);
  readonly #context: PolicyContext | undefined;
  #reevaluationContext: PolicyContext | undefined;
  /** The subscription in use; those that errored have left it. */
  readonly #subscription = new Subscription();
  #subscribed = false;
  #completed = false;

  /** @throws whatever the policy throws when it is built, or TypeError if it is no operator; the caller names it. */
  constructor(placed: PlacedPolicy<R>, report: ReportFault, makeContext?: MakeContext) {
    this.#context = makeContext?.(this.#retired.asObservable());
    this.source = placed.source;
    this.phase = placed.phase;
    this.#report = report;
    // What a policy written in JavaScript may return.
    const output$: unknown = placed.policy(this.#input.asObservable());
    if (!isObservable(output$)) throw new TypeError('it returned no Observable');
    this.#output$ = output$;
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
    this.#waiting.set(verdict.request, { verdict, settle });
    if (!this.#subscribed) this.#subscribe();
    const context = again ? this.#contextOfReevaluation() : this.#context;
    this.#input.next(context === undefined ? verdict : withContext(verdict, context));
  }

  /** Forgets a request whose asker is gone or has stopped waiting; a late answer is ignored. */
  abandon(request: R): void {
    this.#waiting.delete(request);
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
    return this.#waiting.size;
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
    const request = (emitted as { readonly request?: R } | null | undefined)?.request;
    const ticket = request === undefined ? undefined : this.#waiting.get(request);
    if (request === undefined || ticket === undefined) {
      this.#hearNobodys(emitted, request);
      return;
    }
    this.#waiting.delete(request);
    this.#answered.add(request);

    // It is about the request that the policy was asked about.
    const verdict = isVerdict(emitted) ? (emitted as Verdict<R>) : undefined;
    const broken = verdict === undefined ? NO_VERDICT : brokenRule(ticket.verdict, verdict);
    if (verdict !== undefined && broken === undefined) {
      ticket.settle(verdict);
      return;
    }
    this.#report(
      new SshServerError('ERR_SSH_POLICY_FAILED', `${this.source} ${String(broken)}; the request was denied`),
      this.source,
      request,
    );
    ticket.settle(deny(ticket.verdict, this.source, DenyReason.PolicyFailed));
  }

  /** An answer that nobody waits for: to what was abandoned, to what was never asked, or one too many. */
  #hearNobodys(emitted: unknown, request: R | undefined): void {
    if (request !== undefined && this.#answered.delete(request)) {
      const text = `${this.source} emitted a second verdict for one request, which is not heard`;
      this.#report(new SshServerError('ERR_SSH_POLICY_FAILED', text), this.source, request);
    } else if (!isVerdict(emitted)) {
      this.#fail(NO_VERDICT, undefined);
    }
  }

  #fail(what: string, cause: unknown): void {
    const held = [...this.#waiting.values()];
    this.#waiting.clear();
    const detail = cause === undefined ? '' : `: ${messageOf(cause)}`;
    const error = new SshServerError('ERR_SSH_POLICY_FAILED', `${this.source} ${what}${detail}`, { cause });
    this.#report(error, this.source, held[0]?.verdict.request);
    for (const { verdict, settle } of held) settle(deny(verdict, this.source, DenyReason.PolicyFailed));
  }
}

const NO_VERDICT = 'emitted something that is no verdict';
