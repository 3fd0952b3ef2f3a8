import type { ObservableInput } from 'rxjs';

import type { ExitReport } from './exit-report.js';
import type { Session } from './session.js';

/** What a service may emit: text and bytes go to standard output, a number or report ends the program. */
export type ServiceEmission = string | Uint8Array | number | ExitReport;

// An async method without `return` is a Promise<void> to the compiler, an Observable of side effects one of void.
/** @inline */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type
type ServiceValue = ServiceEmission | undefined | void;

/**
 * What a service may return: nothing, one value, a promise of either, or a stream of values: an Observable, an iterable,
 * an async iterable.
 */
export type ServiceResult = ServiceValue | PromiseLike<ServiceValue> | ObservableInput<ServiceValue>;

/**
 * A program on a session channel (RFC 4254 section 6.5): the body of an `@Exec`, `@Shell` or `@Subsystem` method.
 *
 * It ends when it returns, its promise settles or its stream completes: with status 0 unless it said otherwise, with
 * status 1 and an `Error` event if it threw. So a service that lives on listeners returns a promise or an Observable.
 * Iterables are pulled only as fast as the client reads; an Observable knows no demand, so what it emits is buffered up
 * to a bound. If the client goes away first, iterators are returned and Observables unsubscribed.
 *
 * @example
 * ```ts
 * const countdown: Service = async function* (session) {
 *   for (let left = 3; left > 0; left -= 1) yield `${left}\n`;
 *   return 0;
 * };
 * ```
 */
export type Service = (session: Session) => ServiceResult;

/** Settings of one service. */
export interface ServiceOptions {
  /**
   * Sends line feeds to a terminal as they are. Default false: see {@link Session.stdout}. For programs that draw the
   * screen themselves and for output of a real pseudo-terminal.
   */
  readonly rawOutput?: boolean;
  /** The longest line that {@link Session.lines} accepts, in bytes without its end. Default 64 KiB. */
  readonly maxLineBytes?: number;
  /** How far an Observable may run ahead of the client, in bytes, before its service fails. Default 16 MiB. */
  readonly maxBufferedBytes?: number;
}
