import { ignoreElements, type Observable, tap } from 'rxjs';

import { SshServerError } from '../errors.js';
import type { HandlerClass } from '../handlers/handler-class.js';
import type { HandlerFunction } from '../handlers/handler-function.js';
import type { HandlerRecord } from '../handlers/handler-record.js';
import { recordsOf } from '../handlers/metadata.js';
import { decideEach } from '../handlers/policies/decide-each.js';
import type { Session } from '../handlers/sessions/session.js';
import type { ConnectionInfo } from '../streams/connection-info.js';
import type { SshEvent } from '../streams/events/ssh-event.js';
import type { SshRequest } from '../streams/events/ssh-request.js';
import type { ConnectionScopes } from './connection-scopes.js';
import { checkMarked, toHandlerFunction } from './explore-class.js';
import { checkMethod, type DecideRecord, type ObserveRecord, type ServiceRecord, sourceOf } from './handler-method.js';
import type { ScopedHandler } from './scoped-handler.js';

/** The handler of the connection that somebody asks for; undefined if it has ended. */
type FindHandler = (connection: ConnectionInfo) => ScopedHandler | undefined;

/**
 * The decorated methods of a class of scope `connection` as functions of the server: each finds the instance of the
 * connection at hand and passes on to it. Builds none.
 *
 * @throws {@link SshServerError} `ERR_SSH_HANDLER` if the class has no `@SshHandler()` or a decorated name is no method.
 */
export function exploreScopedClass(handler: HandlerClass, scopes: ConnectionScopes): readonly HandlerFunction[] {
  checkMarked(handler);
  const find: FindHandler = (connection) => scopes.of(connection)?.handler(handler);
  return recordsOf(handler).map((record) => {
    checkMethod(handler, record);
    const source = sourceOf(handler, record);
    return toHandlerFunction(record, source, methodFor(record, source, find));
  });
}

function methodFor(record: HandlerRecord, source: string, find: FindHandler): unknown {
  switch (record.kind) {
    case 'decide':
      return policyFor(record, source, find);
    case 'observe':
      return observerFor(record, find);
    default:
      return serviceFor(record, find);
  }
}

const policyFor = (record: DecideRecord, source: string, find: FindHandler) =>
  decideEach<SshRequest>(source, (verdict) => {
    const scoped = find(verdict.request.connection);
    if (scoped !== undefined) return scoped.decide(record, verdict);
    throw new SshServerError('ERR_SSH_POLICY_FAILED', 'the connection of the request has ended');
  });

const observerFor =
  (record: ObserveRecord, find: FindHandler) =>
  (event$: Observable<SshEvent>): Observable<never> =>
    event$.pipe(
      tap((event) => {
        // Few events, all of them errors, belong to no connection.
        if (event.connection !== undefined) find(event.connection)?.observe(record, event);
      }),
      ignoreElements(),
    );

const serviceFor =
  (record: ServiceRecord, find: FindHandler) =>
  (session: Session): unknown =>
    find(session.connection)?.serve(record, session);
