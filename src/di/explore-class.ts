import type { Observable } from 'rxjs';

import { SshServerError } from '../errors.js';
import type { HandlerClass } from '../handlers/handler-class.js';
import type { HandlerFunction } from '../handlers/handler-function.js';
import type { HandlerRecord } from '../handlers/handler-record.js';
import { HANDLER_SCOPES } from '../handlers/handler-scope.js';
import { recordsOf, scopeOf } from '../handlers/metadata.js';
import type { Service } from '../handlers/sessions/service.js';
import { bindMethod, sourceOf } from './handler-method.js';

/**
 * The decorated methods of a handler as functions bound to it, bases first, each under the name `Class.method`.
 *
 * @throws {@link SshServerError} `ERR_SSH_HANDLER` if its class has no `@SshHandler()` or is of scope `connection`, or if a
 * decorated name is no method.
 */
export function exploreClass(instance: object): readonly HandlerFunction[] {
  // The container built it from its class, so its constructor is that class.
  const handler = instance.constructor as HandlerClass;
  checkMarked(handler);
  if (scopeOf(handler) === 'connection') {
    throw new SshServerError(
      'ERR_SSH_HANDLER',
      `${handler.name} is of scope connection, but this instance of it belongs to the server. ` +
        'Give the class itself among the handlers, and bind it in no module of the server.',
    );
  }
  return recordsOf(handler).map((record) =>
    toHandlerFunction(record, sourceOf(handler, record), bindMethod(instance, handler, record)),
  );
}

/**
 * Checks the mark of a class that is given as a handler.
 *
 * @throws {@link SshServerError} `ERR_SSH_HANDLER` unless `handler` itself is decorated with `@SshHandler()`, or if it names
 * a scope that does not exist.
 */
export function checkMarked(handler: HandlerClass): void {
  const name = handler.name === '' ? 'an anonymous class' : handler.name;
  const scope = scopeOf(handler);
  if (scope === undefined) {
    throw new SshServerError(
      'ERR_SSH_HANDLER',
      `${name} is given as a handler but has no @SshHandler(). Decorate the class, also if its base class is decorated.`,
    );
  }
  if (HANDLER_SCOPES.includes(scope)) return;
  throw new SshServerError(
    'ERR_SSH_HANDLER',
    `${name} has the unknown scope "${scope}". There are ${HANDLER_SCOPES.join(', ')}.`,
  );
}

type Observer = (event$: unknown) => Observable<unknown>;

/**
 * A decorated method as a handler function.
 *
 * The casts say again what the type of each decorator demanded of the method when it was compiled.
 */
export function toHandlerFunction(record: HandlerRecord, source: string, method: unknown): HandlerFunction {
  const service = method as Service;
  switch (record.kind) {
    case 'decide': {
      const { kind, request, phase } = record;
      return { kind, source, request, phase, policy: method } as Extract<HandlerFunction, { readonly kind: 'decide' }>;
    }
    case 'observe': {
      const { kind, event } = record;
      return { kind, source, event, bind: (events) => (method as Observer)(events[event]) };
    }
    case 'exec':
      return { kind: 'exec', source, command: record.command, service, options: record.options };
    case 'shell':
      return { kind: 'shell', source, service, options: record.options };
    case 'subsystem':
      return { kind: 'subsystem', source, name: record.name, service, options: record.options };
  }
}
