import { isObservable, type Observable, ReplaySubject, Subject, Subscription } from 'rxjs';

import { messageOf, SshServerError } from '../errors.js';
import { DenyReason } from './deny-reason.js';
import type { SshRequest } from './events/ssh-request.js';
import type { Phase } from './phase.js';
import type { Policy } from './policy.js';
import type { PolicyContext } from './policy-context.js';
import { deny, type Verdict } from './verdict.js';

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
export type MakeContext = (retired: Observable<void>) => PolicyContext;

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
  readonly #output$: Observable<Verdict<R>>;
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
    // Of what, only its emissions can tell; each is checked.
    this.#output$ = output$ as Observable<Verdict<R>>;
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
    this.#input.next(context === undefined ? verdict : { ...verdict, context });
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
  #answer(emitted: Verdict<R> | null | undefined): void {
    if (typeof emitted !== 'object' || emitted === null) {
      this.#fail('emitted something that is no verdict', undefined);
      return;
    }
    const verdict = emitted;
    const ticket = this.#waiting.get(verdict.request);
    // Abandoned meanwhile, answered twice, or a request that was never asked: there is nobody to tell.
    if (ticket === undefined) return;
    this.#waiting.delete(verdict.request);

    const broken = brokenRule(ticket.verdict, verdict);
    if (broken === undefined) {
      ticket.settle(verdict);
      return;
    }
    this.#report(
      new SshServerError('ERR_SSH_POLICY_FAILED', `${this.source} ${broken}; the request was denied`),
      this.source,
      verdict.request,
    );
    ticket.settle(deny(ticket.verdict, this.source, DenyReason.PolicyFailed));
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

/** The rule of verdicts that going from `before` to `after` breaks, as the end of a sentence. */
function brokenRule<R>(before: Verdict<R>, after: Verdict<R>): string | undefined {
  if (after.state === 'denied') return undefined;
  if (!isUndenied(after)) return 'emitted something that is no verdict';
  if (before.state === 'denied') return 'revived a denied verdict';
  if (before.state === 'granted' && after.state === 'open') return 'took a grant back without denying';
  if (before.leases.some((lease) => !after.leases.includes(lease))) return 'dropped a lease';
  return undefined;
}

/** Says of an answer written in JavaScript what the compiler says of one written in TypeScript. */
const isUndenied = ({ state, leases }: { readonly state: unknown; readonly leases: unknown }): boolean =>
  (state === 'open' || state === 'granted') && Array.isArray(leases);
