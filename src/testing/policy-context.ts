import { ReplaySubject } from 'rxjs';

import { type Clock, systemClock } from '../streams/clock.js';
import { EventHub } from '../streams/event-hub.js';
import type { SshEvent } from '../streams/events/ssh-event.js';
import type { PolicyContext } from '../streams/policy-context.js';
import type { PolicyReport } from '../streams/policy-report.js';
import type { SshRequest } from '../streams/events/ssh-request.js';

/** What {@link policyContext} makes a context of. */
export interface PolicyContextOptions {
  /** Default the real time; inside `marbles` hand over its clock. */
  readonly clock?: Clock;
  /** Whether requests are asked again because policies were replaced. Default false. */
  readonly reevaluation?: boolean;
}

/** A {@link PolicyContext} in the hands of a test. */
export interface TestPolicyContext extends PolicyContext {
  /** What policies have reported so far. */
  readonly reports: readonly PolicyReport[];
  /** How long policies asked to think, by request. */
  readonly deadlines: ReadonlyMap<SshRequest, number>;
  /** Lets an event happen on the server. */
  emit(event: SshEvent): void;
  /** Ends the life of the policies. */
  retire(): void;
}

/**
 * A server's side of a verdict, for policies that listen to events, read the clock or report: put it into
 * `consider(request, context)`.
 *
 * @example
 * ```ts
 * const context = policyContext();
 * const open = consider(authRequest.password('root', 'guess'), context);
 * ```
 */
export function policyContext({
  clock = systemClock,
  reevaluation = false,
}: PolicyContextOptions = {}): TestPolicyContext {
  const hub = new EventHub();
  const retired = new ReplaySubject<void>(1);
  const reports: PolicyReport[] = [];
  const deadlines = new Map<SshRequest, number>();
  return {
    clock,
    events: hub.streams,
    denials: hub.denials,
    retired: retired.asObservable(),
    reevaluation,
    reports,
    deadlines,
    report: (report) => {
      reports.push(report);
    },
    extendDeadline: (request, ms) => {
      deadlines.set(request, ms);
    },
    emit: (event) => {
      hub.emit(event);
    },
    retire: () => {
      retired.next();
      retired.complete();
    },
  };
}
