import { SshServerError } from '../errors.js';
import type { HandlerFunction } from '../handlers/handler-function.js';
import { SSH_EVENT_TYPES } from '../streams/events/ssh-event.js';
import { SSH_REQUEST_TYPES } from '../streams/events/ssh-request.js';
import { PHASES } from '../streams/phase.js';

const EVENT_NAMES = [...SSH_EVENT_TYPES, 'all'];

/**
 * Checks the words in a handler function: what the compiler checks for those who use it.
 *
 * @throws {@link SshServerError} `ERR_SSH_HANDLER` for a request, event or phase that does not exist, or a handler that
 * is no function.
 */
export function checkFunction(handler: HandlerFunction): void {
  switch (handler.kind) {
    case 'decide':
      known(handler.source, 'decides the unknown request', handler.request, SSH_REQUEST_TYPES);
      known(handler.source, 'is in the unknown phase', handler.phase, PHASES);
      callable(handler.source, handler.policy);
      return;
    case 'observe':
      known(handler.source, 'observes the unknown event', handler.event, EVENT_NAMES);
      callable(handler.source, handler.bind);
      return;
    case 'exec':
    case 'shell':
    case 'subsystem':
      callable(handler.source, handler.service);
      return;
    default:
      handler satisfies never;
  }
}

function known(source: string, does: string, name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  throw new SshServerError('ERR_SSH_HANDLER', `${source} ${does} "${name}". There are ${names.join(', ')}.`);
}

function callable(source: string, handler: unknown): void {
  if (typeof handler === 'function') return;
  throw new SshServerError('ERR_SSH_HANDLER', `${source} is no function. Give the function itself, not its result.`);
}
