import { defer, isObservable, map, type Observable, Subject, Subscription } from 'rxjs';

import { SshServerError } from '../../../errors.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import { type DecideVerdict, decisionOf } from '../../../streams/each-verdict.js';
import type { Policy } from '../../../streams/policy.js';
import { deny, type PolicyName, type Verdict } from '../../../streams/verdict.js';
import { brokenRule, isVerdict } from '../../../streams/verdict-rules.js';
import type { UndeniedVerdict } from '../decide-each.js';

/** What becomes of a {@link MemberPolicy} besides its answers. */
export interface MemberFate {
  /** It errored, or emitted what is no verdict: it is asked no more unless it is subscribed again. */
  error(cause: unknown): void;
  /** It completed: it answers no more. */
  complete(): void;
}

/** A verdict that a member owes an answer to. */
interface Question<R> {
  readonly verdict: UndeniedVerdict<R>;
  readonly settle: (answer: Verdict<R>) => void;
}

/**
 * A policy inside another one, which is asked about single verdicts.
 *
 * The operator is applied once, so that what it keeps outside its subscription survives a failure, as in a `.pipe()`.
 * Subscribed by one at a time.
 */
export class MemberPolicy<R> {
  readonly #by: PolicyName;
  readonly #output$: Observable<unknown>;
  readonly #decide: DecideVerdict<R> | undefined;
  #input = new Subject<Verdict<R>>();
  /** What is being asked; nearly always answered in that very call. */
  #asking: Question<R> | undefined;
  /** What the member thinks about, by request; first come, first answered where the same request is asked about twice. */
  #questions: Questions<R> = new Map();

  /**
   * @param by - The policy that it is a member of, for errors.
   * @throws whatever the policy throws when it is applied, or {@link SshServerError} `ERR_SSH_POLICY_FAILED` if it is no
   * operator.
   */
  constructor(by: PolicyName, policy: Policy<R>) {
    this.#by = by;
    // Deferred, since each subscription has an input of its own.
    const input$ = defer(() => this.#input);
    const output$: unknown = policy(input$);
    if (!isObservable(output$)) {
      throw new SshServerError('ERR_SSH_POLICY_FAILED', `${by}: a policy in it returned no Observable`);
    }
    this.#output$ = output$;
    this.#decide = decisionOf(output$, input$);
  }

  /** Whether it decides each verdict by itself, so that it can be {@link call}ed without a subscription. */
  get callable(): boolean {
    return this.#decide !== undefined;
  }

  /**
   * Decides `verdict`, at once or by an Observable that emits once. An answer against the rules of verdicts counts as it does for
   * {@link ask}.
   *
   * @throws TypeError if the policy is not {@link callable}
   */
  call(verdict: UndeniedVerdict<R>): Verdict<R> | Observable<Verdict<R>> {
    if (this.#decide === undefined) throw new TypeError(`${this.#by}: a policy in it cannot be called`);
    const answer = this.#decide(verdict);
    if (!isObservable(answer)) return answer === verdict ? verdict : this.#checked(verdict, answer);
    return answer.pipe(map((it) => this.#checked(verdict, it)));
  }

  /** Begins anew: what was asked before is answered no more. */
  subscribe(fate: MemberFate): Subscription {
    this.#input = new Subject();
    this.#asking = undefined;
    this.#questions = new Map();
    const subscription = new Subscription();
    subscription.add(
      this.#output$.subscribe({
        next: (emitted) => {
          if (subscription.closed || this.#answer(emitted)) return;
          subscription.unsubscribe();
          fate.error(this.#failure('emitted something that is no verdict'));
        },
        error: (cause: unknown) => {
          fate.error(cause);
        },
        complete: () => {
          fate.complete();
        },
      }),
    );
    return subscription;
  }

  /**
   * Puts `verdict` to the policy. `settle` is called once, in the call in which the policy answers, which may be this one; never
   * if the policy ends before. An answer against the rules of verdicts counts as a denial with {@link DenyReason.PolicyFailed}.
   *
   * @returns forgets the question
   */
  ask(verdict: UndeniedVerdict<R>, settle: (answer: Verdict<R>) => void): () => void {
    const question: Question<R> = { verdict, settle };
    const questions = this.#questions;
    if (this.#asking !== undefined) wait(questions, this.#asking);
    this.#asking = question;
    this.#input.next(verdict);
    // Else it was answered, is asked about something else or begins anew.
    if (this.#asking === question) {
      this.#asking = undefined;
      wait(questions, question);
    }
    return () => {
      forget(questions, question);
    };
  }

  /** Nothing more will be asked. */
  end(): void {
    this.#input.complete();
  }

  /**
   * @param emitted - whatever a policy written in JavaScript may emit
   * @returns false if that is no verdict
   */
  #answer(emitted: unknown): boolean {
    if (!isVerdict(emitted)) return false;
    // If it was asked about, it is one of those requests.
    const verdict = emitted as Verdict<R>;
    const question = this.#take(verdict.request);
    // Answered twice, or a request that was never asked about: there is nobody to tell.
    if (question === undefined) return true;

    question.settle(this.#checked(question.verdict, verdict));
    return true;
  }

  /** What the member has made of `put`, if that is according to the rules; else a denial. */
  #checked(put: UndeniedVerdict<R>, answer: Verdict<R>): Verdict<R> {
    const isAnswer = isVerdict(answer) && answer.request === put.request;
    const broken = isAnswer ? brokenRule(put, answer) : 'emitted something that is no verdict';
    return broken === undefined ? answer : deny(put, this.#by, DenyReason.PolicyFailed, this.#failure(broken));
  }

  /** The question about `request` that has waited longest, which waits no more. */
  #take(request: R): Question<R> | undefined {
    const [waiting] = this.#questions.get(request) ?? [];
    if (waiting !== undefined) {
      forget(this.#questions, waiting);
      return waiting;
    }
    const asking = this.#asking;
    if (asking?.verdict.request !== request) return undefined;
    this.#asking = undefined;
    return asking;
  }

  #failure(what: string): SshServerError {
    return new SshServerError('ERR_SSH_POLICY_FAILED', `${this.#by}: a policy in it ${what}`);
  }
}

type Questions<R> = Map<R, readonly Question<R>[]>;

function wait<R>(questions: Questions<R>, question: Question<R>): void {
  const { request } = question.verdict;
  questions.set(request, [...(questions.get(request) ?? []), question]);
}

function forget<R>(questions: Questions<R>, question: Question<R>): void {
  const { request } = question.verdict;
  const others = questions.get(request)?.filter((it) => it !== question) ?? [];
  if (others.length === 0) questions.delete(request);
  else questions.set(request, others);
}
