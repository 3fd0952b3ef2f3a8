import { merge, Observable, take } from 'rxjs';

import type { SshServerError } from '../errors.js';
import type { HandlerClass } from '../handlers/handler-class.js';
import type { SshRequest } from '../streams/events/ssh-request.js';
import { type MakeContext, type PlacedPolicy, PolicyStage } from '../streams/policy-stage.js';
import type { Verdict } from '../streams/verdict.js';
import { bindMethod, type DecideRecord, sourceOf } from './handler-method.js';

/** Told of what fails in a handler, by the name of the method. Must not throw. */
export type ReportHandlerFailure = (error: SshServerError, source: string) => void;

/**
 * The policies of one handler class of scope `connection` in one connection, each subscribed once, when it is first asked.
 *
 * A {@link PolicyStage} supervises each as one of the server supervises those of the server.
 */
export class ScopedPolicies {
  readonly #class: HandlerClass;
  readonly #report: ReportHandlerFailure;
  readonly #stages = new Map<DecideRecord, PolicyStage<SshRequest>>();

  constructor(handler: HandlerClass, report: ReportHandlerFailure) {
    this.#class = handler;
    this.#report = report;
  }

  /**
   * Puts `verdict` to the policy that `record` makes of a method of `instance`.
   *
   * Cold, one verdict or the error that the policy cannot be built. Unsubscribing abandons the question.
   */
  ask<R extends SshRequest>(instance: object, record: DecideRecord, verdict: Verdict<R>): Observable<Verdict<R>> {
    return new Observable((subscriber) => {
      const stage = this.#stageOf(instance, record, verdict);
      let settled = false;
      stage.ask(
        verdict,
        (answer) => {
          settled = true;
          subscriber.next(answer);
          subscriber.complete();
        },
        verdict.context?.reevaluation,
      );
      return () => {
        if (!settled) stage.abandon(verdict.request);
      };
    });
  }

  /** Unsubscribes every policy: nothing will be asked any more. */
  close(): void {
    for (const stage of this.#stages.values()) stage.close();
  }

  #stageOf<R extends SshRequest>(instance: object, record: DecideRecord, { context }: Verdict<R>): PolicyStage<R> {
    // A record names one type of request, so the stage under it decides what is put to it.
    const known = this.#stages.get(record) as PolicyStage<R> | undefined;
    if (known !== undefined) return known;
    const { phase } = record;
    const source = sourceOf(this.#class, record);
    // The decorator checked when it was compiled that the method is a policy for that type of request.
    const policy = bindMethod(instance, this.#class, record) as PlacedPolicy<R>['policy'];
    const makeContext: MakeContext | undefined =
      context &&
      ((retired$) => ({
        ...context,
        reevaluation: false,
        // With the connection, or with the policies of the server that this one is among.
        retired: merge(retired$, context.retired).pipe(take(1)),
      }));
    const stage = new PolicyStage<R>(
      { source, phase, policy },
      (error) => {
        this.#report(error, source);
      },
      makeContext,
    );
    this.#stages.set(record, stage as unknown as PolicyStage<SshRequest>);
    return stage;
  }
}
