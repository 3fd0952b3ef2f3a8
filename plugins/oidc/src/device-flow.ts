import {
  catchError,
  concatMap,
  defer,
  EMPTY,
  map,
  merge,
  type Observable,
  of,
  repeat,
  ReplaySubject,
  type Subscription,
  take,
  timer,
} from 'rxjs';
import type { Clock } from 'rxsshd';

import type { DeviceAuthorization } from './device-authorization.js';
import type { Issuer, PollRefusal, Tokens } from './issuer.js';
import { OidcError } from './oidc-error.js';

/** What became of a sign-in. */
export type FlowOutcome =
  | { readonly type: 'signed-in'; readonly tokens: Tokens }
  /** Somebody refused, or nobody did anything in time. */
  | { readonly type: 'not-signed-in' }
  | { readonly type: 'failed'; readonly cause: unknown };

/** By how much the time between questions grows when the server asks for that (RFC 8628 section 3.5). */
const SLOW_DOWN_MS = 5_000;

/** The longest time between questions while the server cannot be reached. */
const MAX_BACKOFF_MS = 60_000;

const NOT_SIGNED_IN: FlowOutcome = { type: 'not-signed-in' };

/**
 * One sign-in under way: asks the authorization server again and again until there is an outcome, whether or not anybody waits for it.
 */
export class DeviceFlow {
  /** The user who is to be let in. */
  readonly user: string;
  /** When it is over at the latest, in milliseconds of the clock. */
  readonly endsAt: number;
  readonly #outcome = new ReplaySubject<FlowOutcome>(1);
  readonly #polling: Subscription;

  /** @param onEnd - called once, when the server is asked no more */
  constructor(user: string, { authorization, issuer, clock, deadlineMs }: FlowParts, onEnd: () => void) {
    this.user = user;
    const lastsMs = Math.min(deadlineMs, authorization.expiresInMs);
    this.endsAt = clock.now() + lastsMs;
    let trouble: OidcError | undefined;
    const answer$ = polls(issuer, clock, { ...authorization, lastsMs }, (cause) => {
      trouble = cause;
    });
    const late$ = timer(lastsMs, clock.scheduler).pipe(
      // Somebody may have signed in for all that can be known.
      map((): FlowOutcome => (trouble === undefined ? NOT_SIGNED_IN : { type: 'failed', cause: trouble })),
    );
    this.#polling = merge(answer$, late$).pipe(take(1)).subscribe(this.#outcome);
    this.#polling.add(onEnd);
  }

  /** What became of it: one value, as soon as it is known. Completes without one if the flow is ended before. Never errors. */
  get outcome$(): Observable<FlowOutcome> {
    return this.#outcome.asObservable();
  }

  /** Ends it, whatever it has come to. */
  end(): void {
    this.#polling.unsubscribe();
    this.#outcome.complete();
  }
}

/** What a flow is made of. */
export interface FlowParts {
  readonly authorization: DeviceAuthorization;
  readonly issuer: Issuer;
  readonly clock: Clock;
  readonly deadlineMs: number;
}

/** Asks until there is an outcome, as slowly as the server wants it, and at the end of `lastsMs` at the latest. */
function polls(
  issuer: Issuer,
  clock: Clock,
  authorization: DeviceAuthorization & { readonly lastsMs: number },
  noteTrouble: (cause: OidcError | undefined) => void,
): Observable<FlowOutcome> {
  const { lastsMs } = authorization;
  let { intervalMs } = authorization;

  const judge = (answer: Tokens | PollRefusal): Observable<FlowOutcome> => {
    noteTrouble(undefined);
    if (typeof answer !== 'string') return of({ type: 'signed-in', tokens: answer });
    if (answer === 'slow_down') intervalMs += SLOW_DOWN_MS;
    return answer === 'slow_down' || answer === 'authorization_pending' ? EMPTY : of(NOT_SIGNED_IN);
  };
  const bear = (cause: unknown): Observable<FlowOutcome> => {
    const isAway = cause instanceof OidcError && ['ERR_OIDC_AWAY', 'ERR_OIDC_TIMEOUT'].includes(cause.code);
    if (!isAway) return of({ type: 'failed', cause });
    noteTrouble(cause);
    intervalMs = Math.max(intervalMs, Math.min(2 * intervalMs, MAX_BACKOFF_MS));
    return EMPTY;
  };

  // Both the time and what is asked anew each time.
  // More than a timer can wait for would be no time at all.
  return defer(() => timer(Math.min(intervalMs, lastsMs), clock.scheduler)).pipe(
    concatMap(() => issuer.poll(clock, authorization)),
    concatMap(judge),
    catchError(bear),
    repeat(),
  );
}
