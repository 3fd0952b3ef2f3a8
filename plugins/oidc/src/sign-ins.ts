import {
  concatMap,
  defaultIfEmpty,
  defer,
  finalize,
  from,
  isObservable,
  map,
  merge,
  type Observable,
  of,
  take,
  throwError,
} from 'rxjs';
import {
  challenge,
  deny,
  DenyReason,
  grant,
  type KeyboardInteractiveAnswer,
  type KeyboardInteractiveStart,
  type OpenVerdict,
  type SSHUserAuthRequest,
  systemClock,
  type Verdict,
  withLease,
} from 'rxsshd';

import { abandoned } from './abandoned.js';
import type { FlowOutcome } from './device-flow.js';
import { FlowDesk } from './flow-desk.js';
import type { Answer, ReadOptions } from './flow-options.js';
import { challengeOf } from './flow-text.js';
import { Issuer, type Tokens } from './issuer.js';
import { tokenLease } from './token-lease.js';

type Open = OpenVerdict<SSHUserAuthRequest>;
type Decided = Verdict<SSHUserAuthRequest>;

/** More time than is needed, so that it is this policy that refuses, for its reason, and not the server for silence. */
const LEEWAY_MS = 1_000;

/** Where nobody waits for an outcome any more. */
const NOBODY: FlowOutcome = { type: 'not-signed-in' };

/** The attempts of users to sign in, from the question to the verdict. */
export class SignIns {
  readonly #options: ReadOptions;
  readonly #issuer: Issuer;
  readonly #desk: FlowDesk;

  constructor(options: ReadOptions) {
    this.#options = options;
    this.#issuer = new Issuer(options);
    this.#desk = new FlowDesk(options);
  }

  /** Ends the attempt that is under way on the connection, if there is one. */
  abandon({ connection }: SSHUserAuthRequest): void {
    this.#desk.end(connection);
  }

  /** Decides recorded traffic again: the provider is not asked, and there is nobody to read anything. */
  recall(verdict: Open, request: KeyboardInteractiveStart | KeyboardInteractiveAnswer): Decided {
    const { by } = this.#options;
    if (request.stage === 'answered' && verdict.context?.recall?.(request, by) === 'right') {
      return grant<SSHUserAuthRequest>(verdict, request, by);
    }
    if (request.stage === 'answered') return deny<SSHUserAuthRequest>(verdict, by, DenyReason.NotApproved);
    return challenge<SSHUserAuthRequest>(verdict, request, challengeOf({ instruction: '', prompt: '' }), by);
  }

  /** Asks the provider for a code, and the user to take it there. */
  begin(verdict: Open, request: KeyboardInteractiveStart): Decided | Observable<Decided> {
    const { by, text, deadlineMs, requestTimeoutMs } = this.#options;
    const { connection } = request;
    const { context } = verdict;
    this.#desk.end(connection);
    const place = this.#desk.enter(connection);
    if (place === undefined) return deny<SSHUserAuthRequest>(verdict, by, DenyReason.LimitReached);

    const clock = this.#clockFor(verdict);
    let hasBegun = false;
    context?.extendDeadline(request, requestTimeoutMs + LEEWAY_MS);
    const asked$ = this.#issuer.authorize(clock).pipe(
      map((authorization) => {
        const questions = challengeOf(text(authorization.shown));
        this.#desk.begin(request, { authorization, issuer: this.#issuer, clock, deadlineMs }, place, context);
        hasBegun = true;
        return challenge<SSHUserAuthRequest>(verdict, request, questions, by);
      }),
    );
    // Whoever leaves before there is a code leaves the place as well.
    const gone$ = abandoned(connection, context).pipe(
      map(() => deny<SSHUserAuthRequest>(verdict, by, DenyReason.NotApproved)),
    );
    return merge(asked$, gone$).pipe(
      take(1),
      finalize(() => {
        if (!hasBegun) place.leave();
      }),
    );
  }

  /** Waits for what becomes of the sign-in. */
  finish(verdict: Open, request: KeyboardInteractiveAnswer): Decided | Observable<Decided> {
    const { by } = this.#options;
    const { connection, user } = request;
    const flow = this.#desk.flowOf(connection);
    // These are the answers to somebody else's questions.
    if (flow === undefined) return verdict;
    if (flow.user !== user) {
      this.#desk.end(connection);
      return deny<SSHUserAuthRequest>(verdict, by, DenyReason.BadCredential);
    }
    verdict.context?.extendDeadline(request, flow.endsAt - this.#clockFor(verdict).now() + LEEWAY_MS);
    return flow.outcome$.pipe(
      take(1),
      defaultIfEmpty(NOBODY),
      concatMap((outcome) => this.#conclude(verdict, request, outcome)),
      finalize(() => {
        this.#desk.end(connection);
      }),
    );
  }

  #conclude(verdict: Open, request: KeyboardInteractiveAnswer, outcome: FlowOutcome): Observable<Decided> {
    const { by, userOf } = this.#options;
    switch (outcome.type) {
      case 'not-signed-in':
        return of(deny<SSHUserAuthRequest>(verdict, by, DenyReason.NotApproved));
      case 'failed':
        return throwError(() => outcome.cause);
      case 'signed-in':
        return answered(() => userOf(outcome.tokens.claims)).pipe(
          map((users) => {
            const isMeant = typeof users === 'string' ? users === request.user : users?.includes(request.user) === true;
            return isMeant
              ? this.#granted(verdict, request, outcome.tokens)
              : deny<SSHUserAuthRequest>(verdict, by, DenyReason.BadCredential);
          }),
        );
      default:
        return outcome satisfies never;
    }
  }

  #granted(verdict: Open, request: KeyboardInteractiveAnswer, tokens: Tokens): Decided {
    const { by } = this.#options;
    const { context } = verdict;
    const granted = grant<SSHUserAuthRequest>(verdict, request, by);
    const lease = tokenLease(this.#options, this.#issuer, tokens, (cause) =>
      context?.report({ type: 'failure', request, by, cause }),
    );
    return lease === undefined ? granted : withLease<SSHUserAuthRequest>(granted, lease);
  }

  #clockFor({ context }: Open) {
    return this.#options.clock ?? context?.clock ?? systemClock;
  }
}

/** An answer as an Observable of at most one value, whatever it is. */
const answered = <T>(ask: () => Answer<T>): Observable<T> =>
  defer(() => {
    const answer = ask();
    return isObservable(answer) ? answer.pipe(take(1)) : from(Promise.resolve(answer));
  });
