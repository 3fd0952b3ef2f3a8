import type { Observable } from 'rxjs';

import { SshServerError } from '../errors.js';
import type { HandlerClass } from '../handlers/handler-class.js';
import type { HandlerFunction } from '../handlers/handler-function.js';
import type { HandlerRecord } from '../handlers/handler-record.js';
import { isMarkedHandler, recordsOf } from '../handlers/metadata.js';
import type { Service } from '../handlers/sessions/service.js';

/**
 * The decorated methods of a handler as functions bound to it, bases first, each under the name `Class.method`.
 *
 * @throws {@link SshServerError} `ERR_SSH_HANDLER` if its class has no `@SshHandler()` or a decorated name is no method.
 */
export function exploreClass(instance: object): readonly HandlerFunction[] {
  // The container built it from its class, so its constructor is that class.
  const handler = instance.constructor as HandlerClass;
  checkMarked(handler);
  return recordsOf(handler).map((record) => {
    const source = `${handler.name}.${String(record.method)}`;
    return toFunction(record, source, bindMethod(instance, record.method, source));
  });
}

/** @throws {@link SshServerError} `ERR_SSH_HANDLER` unless `handler` itself is decorated with `@SshHandler()`. */
export function checkMarked(handler: HandlerClass): void {
  if (isMarkedHandler(handler)) return;
  throw new SshServerError(
    'ERR_SSH_HANDLER',
    `${handler.name === '' ? 'an anonymous class' : handler.name} is given as a handler but has no @SshHandler(). ` +
      'Decorate the class, also if its base class is decorated.',
  );
}

function bindMethod(instance: object, name: string | symbol, source: string): unknown {
  // Any object can be asked for any property.
  const method = (instance as Record<string | symbol, unknown>)[name];
  if (typeof method === 'function') return method.bind(instance) as unknown;
  throw new SshServerError(
    'ERR_SSH_HANDLER',
    `${source} is decorated but is no function. Decorate a method, and do not assign to it.`,
  );
}

type Observer = (event$: unknown) => Observable<unknown>;

/** The casts say again what the type of each decorator demanded of the method when it was compiled. */
function toFunction(record: HandlerRecord, source: string, method: unknown): HandlerFunction {
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
