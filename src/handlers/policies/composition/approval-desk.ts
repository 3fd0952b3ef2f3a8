import {
  defaultIfEmpty,
  defer,
  EMPTY,
  filter,
  finalize,
  from,
  map,
  merge,
  NEVER,
  Observable,
  share,
  take,
  tap,
} from 'rxjs';

import type { Clock } from '../../../streams/clock.js';
import type { SshRequest } from '../../../streams/events/ssh-request.js';
import type { PolicyName } from '../../../streams/verdict.js';
import { type Answer, isPending } from '../answer.js';
import type { UndeniedVerdict } from '../decide-each.js';
import { at } from '../long-timer.js';

/** What becomes of a question. */
export interface Approval {
  readonly approved: boolean;
  /** Who decides, by this answer. */
  readonly by: PolicyName;
}

/** How an {@link ApprovalDesk} works. */
export interface ApprovalDeskOptions<R> {
  /** What the policy calls itself. */
  readonly by: PolicyName;
  /** How long a question waits for its answer, in milliseconds. */
  readonly deadlineMs: number;
  /** Questions at once. */
  readonly maxPending: number;
  /** Told of each request that has to wait. */
  readonly announce: ((request: R) => unknown) | undefined;
}

/** More time than the deadline, so that it is this policy that refuses, for its reason, and not the server for silence. */
const LEEWAY_MS = 1_000;

/** Where requests wait for approval: at most so many questions at once, and one for each key. */
export class ApprovalDesk<R extends SshRequest> {
  readonly #options: ApprovalDeskOptions<R>;
  readonly #refused: Approval;
  /** By key; a question without a key is under its own verdict. */
  readonly #questions = new Map<unknown, Observable<Approval>>();

  constructor(options: ApprovalDeskOptions<R>) {
    this.#options = options;
    this.#refused = { approved: false, by: options.by };
  }

  /**
   * Lets a request wait for the answer to `question$`, or to the question under way that has the same key.
   *
   * @param question$ - Asks when subscribed; is unsubscribed if nobody waits any more.
   * @returns the answer; undefined if there are too many questions already.
   */
  answerFor(
    verdict: UndeniedVerdict<R>,
    clock: Clock,
    key: string | undefined,
    question$: Observable<Approval>,
  ): Observable<Approval> | undefined {
    const id: unknown = key ?? verdict;
    const known$ = this.#questions.get(id);
    if (known$ !== undefined) return this.#wait(known$, verdict);
    if (this.#questions.size >= this.#options.maxPending) return undefined;
    return this.#wait(this.#open(id, clock, question$), verdict);
  }

  #open(id: unknown, clock: Clock, question$: Observable<Approval>): Observable<Approval> {
    const close = (): void => {
      if (this.#questions.get(id) === shared$) this.#questions.delete(id);
    };
    const deadline$ = at(clock, clock.now() + this.#options.deadlineMs).pipe(map(() => this.#refused));
    const shared$: Observable<Approval> = merge(question$.pipe(defaultIfEmpty(this.#refused)), deadline$).pipe(
      take(1),
      // Closed before anybody hears of the answer, since they may ask the next question at once.
      tap(close),
      finalize(close),
      share(),
    );
    this.#questions.set(id, shared$);
    return shared$;
  }

  #wait(question$: Observable<Approval>, verdict: UndeniedVerdict<R>): Observable<Approval> {
    const { request, context } = verdict;
    const gone$ = (context?.events.Disconnected ?? NEVER).pipe(
      filter(({ connection }) => connection.id === request.connection.id),
      map(() => this.#refused),
    );
    return new Observable((subscriber) => {
      const waiting = merge(question$, gone$).pipe(take(1)).subscribe(subscriber);
      if (subscriber.closed) return waiting;
      context?.extendDeadline(request, this.#options.deadlineMs + LEEWAY_MS);
      waiting.add(this.#announce(verdict));
      return waiting;
    });
  }

  #announce({ request, context }: UndeniedVerdict<R>) {
    const { announce, by } = this.#options;
    return defer(() => {
      const told: Answer<unknown> = announce?.(request);
      return isPending(told) ? from(told) : EMPTY;
    }).subscribe({
      error: (cause: unknown) => {
        context?.report({ type: 'failure', request, by, cause });
      },
    });
  }
}
