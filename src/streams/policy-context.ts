import type { Observable } from 'rxjs';

import type { Clock } from './clock.js';
import type { EventStreams } from './event-streams.js';
import type { Denial } from './events/denial.js';
import type { SshRequest } from './events/ssh-request.js';
import type { SSHUserAuthRequest } from './events/ssh-user-auth-request.js';
import type { PolicyReport } from './policy-report.js';
import type { Recollection } from './rehearsal.js';
import type { PolicyName } from './verdict.js';

/**
 * The server that a verdict belongs to, as far as policies need it.
 *
 * It travels in the verdict, so that a policy is the same plain operator in a `.pipe()`, a decorated method and a plugin. Each
 * policy in its place has contexts of its own, while `events` is one object for the whole server: key memory by that.
 */
export interface PolicyContext {
  /** Time as the server sees it. */
  readonly clock: Clock;
  /** All events of the server, for policies that learn from what happens. */
  readonly events: EventStreams;
  /**
   * The `Decided` events of `events` that are denials, for policies that learn from nothing else: a grant then costs no event.
   * Hot, as `events` are, and completes with them.
   */
  readonly denials: Observable<Denial>;
  /** Emits once and completes when this policy is asked no more: it was replaced, or the server has shut down. */
  readonly retired: Observable<void>;
  /**
   * True if the request was granted before and is asked again because policies were replaced. The first verdict is then a
   * granted one. Policies that count how often somebody asks must not count it.
   */
  readonly reevaluation: boolean;
  /**
   * Present only where recorded traffic is decided again: says what became of a credential then, since the recording keeps
   * none. A policy of your own that verifies secrets asks this in place of the secret.
   */
  readonly recall?: (request: SSHUserAuthRequest, by: PolicyName) => Recollection;
  /**
   * Present with {@link recall}: lets no virtual time pass while `work` takes real time, such as to read a file, for two seconds at
   * most. Without it the next that was recorded would come before the answer.
   */
  readonly hold?: (work: Promise<unknown>) => void;
  /** Tells the server what no verdict can say. Never throws. */
  report(report: PolicyReport): void;
  /**
   * Lets the policies think about `request` until `ms` milliseconds from now, beyond the server's decision deadline: for
   * policies that wait for a human. Never shortens a deadline. Without effect once the request is decided.
   */
  extendDeadline(request: SshRequest, ms: number): void;
}
