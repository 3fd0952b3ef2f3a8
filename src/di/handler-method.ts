import { SshServerError } from '../errors.js';
import type { HandlerClass } from '../handlers/handler-class.js';
import type { HandlerRecord } from '../handlers/handler-record.js';

/** The record of a `@Decide` method. */
export type DecideRecord = Extract<HandlerRecord, { readonly kind: 'decide' }>;

/** The record of an `@On` method. */
export type ObserveRecord = Extract<HandlerRecord, { readonly kind: 'observe' }>;

/** The record of an `@Exec`, `@Shell` or `@Subsystem` method. */
export type ServiceRecord = Exclude<HandlerRecord, DecideRecord | ObserveRecord>;

/** What a decorated method is called in errors and by `describe()`: `Class.method`. */
export const sourceOf = (handler: HandlerClass, { method }: HandlerRecord): string =>
  `${handler.name}.${String(method)}`;

/**
 * A decorated method, bound to an instance of its class.
 *
 * @throws {@link SshServerError} `ERR_SSH_HANDLER` if the decorated name is no method.
 */
export const bindMethod = (instance: object, handler: HandlerClass, record: HandlerRecord): unknown =>
  methodOf(instance, handler, record).bind(instance);

/**
 * Checks a decorated method without an instance.
 *
 * @throws {@link SshServerError} `ERR_SSH_HANDLER` if the decorated name is no method.
 */
export function checkMethod(handler: HandlerClass, record: HandlerRecord): void {
  // Its methods are those of its instances, except that nobody has assigned to them.
  methodOf(handler.prototype as object, handler, record);
}

function methodOf(owner: object, handler: HandlerClass, record: HandlerRecord): (...args: unknown[]) => unknown {
  // Any object can be asked for any property.
  const method = (owner as Record<string | symbol, unknown>)[record.method];
  // Which arguments it takes is for the caller to know, who knows the decorator.
  if (typeof method === 'function') return method as (...args: unknown[]) => unknown;
  throw new SshServerError(
    'ERR_SSH_HANDLER',
    `${sourceOf(handler, record)} is decorated but is no function. Decorate a method, and do not assign to it.`,
  );
}
