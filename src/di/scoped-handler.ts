import { from, mergeMap, type Observable, Subject, takeUntil } from 'rxjs';

import { messageOf, SshServerError } from '../errors.js';
import type { HandlerClass } from '../handlers/handler-class.js';
import { recordsOf } from '../handlers/metadata.js';
import type { Session } from '../handlers/sessions/session.js';
import type { SshEvent } from '../streams/events/ssh-event.js';
import type { SshRequest } from '../streams/events/ssh-request.js';
import type { Verdict } from '../streams/verdict.js';
import { bindMethod, type DecideRecord, type ObserveRecord, type ServiceRecord, sourceOf } from './handler-method.js';
import { Observation } from './observation.js';
import { type ReportHandlerFailure, ScopedPolicies } from './scoped-policies.js';
import { WaitingEvents } from './waiting-events.js';

/** An instance, and the streams of its observers. */
interface Built {
  readonly instance: object;
  readonly observers: ReadonlyMap<ObserveRecord, Subject<SshEvent>>;
  readonly observations: readonly Observation[];
}

/**
 * One handler class of scope `connection` in one connection: the instance, its policies and its observers.
 *
 * The instance is built once, when it is first needed; whatever needs it meanwhile waits. Policies and observers are
 * supervised as those of the server are, so that a failure is this connection's alone.
 */
export class ScopedHandler {
  readonly #class: HandlerClass;
  readonly #build: () => Promise<object>;
  readonly #report: ReportHandlerFailure;
  readonly #policies: ScopedPolicies;
  readonly #waiting = new WaitingEvents<ObserveRecord>();
  readonly #ended = new Subject<void>();
  #built: Built | undefined;
  #building: Promise<Built> | undefined;
  #failed = false;
  #overflowed = false;

  constructor(handler: HandlerClass, build: () => Promise<object>, report: ReportHandlerFailure) {
    this.#class = handler;
    this.#build = build;
    this.#report = report;
    this.#policies = new ScopedPolicies(handler, report);
  }

  /**
   * Puts `verdict` to a policy of this connection's instance: at once if it is built.
   *
   * Cold, one verdict or an error: that the instance or the policy cannot be built. Completes without one at the end of
   * the connection. Unsubscribing abandons the question.
   */
  decide<R extends SshRequest>(record: DecideRecord, verdict: Verdict<R>): Observable<Verdict<R>> {
    const built = this.#built;
    const answer$ =
      built === undefined
        ? from(this.#start()).pipe(mergeMap(({ instance }) => this.#policies.ask(instance, record, verdict)))
        : this.#policies.ask(built.instance, record, verdict);
    return answer$.pipe(takeUntil(this.#ended));
  }

  /** Shows `event`, which is one of this connection, to an observer. */
  observe(record: ObserveRecord, event: SshEvent): void {
    if (this.#failed) return;
    if (this.#built !== undefined && this.#waiting.empty) {
      this.#built.observers.get(record)?.next(event);
      return;
    }
    if (!this.#waiting.add(record, event)) this.#overflow(record, event);
    if (this.#building !== undefined) return;
    this.#start().catch((cause: unknown) => {
      // Buildings that a request or a service has begun are reported with what became of it.
      const error = SshServerError.is(cause)
        ? cause
        : new SshServerError('ERR_SSH_HANDLER_FAILED', messageOf(cause), { cause });
      this.#report(error, sourceOf(this.#class, record));
    });
  }

  /**
   * Runs a service of this connection's instance.
   *
   * @returns what the service returns, or a promise of that if the instance is not built yet
   */
  serve(record: ServiceRecord, session: Session): unknown {
    const run = ({ instance }: Built): unknown => {
      // Nobody is left to serve if the client went away meanwhile.
      if (session.channel.closed) return undefined;
      // The decorator checked when it was compiled that the method is a service.
      return (bindMethod(instance, this.#class, record) as (session: Session) => unknown)(session);
    };
    return this.#built === undefined ? this.#start().then(run) : run(this.#built);
  }

  /** Completes and unsubscribes observers and policies, after the building that may be under way. Never rejects. */
  async end(): Promise<void> {
    await this.#building?.catch(() => undefined);
    for (const stream of this.#built?.observers.values() ?? []) stream.complete();
    for (const observation of this.#built?.observations ?? []) observation.stop();
    this.#ended.next();
    this.#policies.close();
  }

  /** Reported once: the report is an event as well, and may be another one too many. */
  #overflow(record: ObserveRecord, { type }: SshEvent): void {
    if (this.#overflowed) return;
    this.#overflowed = true;
    this.#report(
      new SshServerError(
        'ERR_SSH_HANDLER_FAILED',
        `${this.#class.name} takes so long to build that too many events wait for it; ${type} and later ones are left out`,
      ),
      sourceOf(this.#class, record),
    );
  }

  #start(): Promise<Built> {
    this.#building ??= this.#open();
    return this.#building;
  }

  async #open(): Promise<Built> {
    try {
      const instance = await this.#build();
      const built = this.#observeWith(instance);
      this.#built = built;
      for (const observation of built.observations) observation.start();
      this.#waiting.drain((record, event) => {
        built.observers.get(record)?.next(event);
      });
      return built;
    } catch (cause) {
      this.#failed = true;
      this.#waiting.clear();
      throw cause;
    }
  }

  #observeWith(instance: object): Built {
    const observers = new Map<ObserveRecord, Subject<SshEvent>>();
    const observations: Observation[] = [];
    for (const record of recordsOf(this.#class)) {
      if (record.kind !== 'observe') continue;
      const source = sourceOf(this.#class, record);
      const report = (error: SshServerError): void => {
        this.#report(error, source);
      };
      const event$ = new Subject<SshEvent>();
      // The decorator checked when it was compiled that the method is an observer.
      const bind = bindMethod(instance, this.#class, record) as (event$: Observable<unknown>) => Observable<unknown>;
      try {
        observations.push(new Observation(source, bind, event$.asObservable(), report));
        observers.set(record, event$);
      } catch (cause) {
        // It costs this observer only. An Observation throws nothing else.
        report(cause as SshServerError);
      }
    }
    return { instance, observers, observations };
  }
}
