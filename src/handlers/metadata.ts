import 'reflect-metadata';

import { SshServerError } from '../errors.js';
import type { HandlerClass } from './handler-class.js';
import type { HandlerRecord } from './handler-record.js';
import type { HandlerScope } from './handler-scope.js';

// Strings, not symbols: two copies of this package must read each other's records.
const RECORDS = 'rxsshd/handlers/records';
const HANDLER = 'rxsshd/handlers/handler';

/** Notes that `handler` itself is a handler, and of which scope; says nothing of its subclasses. */
export function markHandler(handler: object, scope: HandlerScope): void {
  Reflect.defineMetadata(HANDLER, scope, handler);
}

/** The scope that `handler` itself was marked with; undefined if it was not marked. */
export function scopeOf(handler: object): HandlerScope | undefined {
  // Nothing but markHandler, of this or another copy of the package, writes under this key.
  return Reflect.getOwnMetadata(HANDLER, handler) as HandlerScope | undefined;
}

/**
 * Adds a record to the class that `prototype` belongs to. The list is replaced, so a subclass never writes into its base.
 *
 * @throws {@link SshServerError} `ERR_SSH_HANDLER` for a static method, since there is no class to record it on, and if the
 * program was compiled with standard decorators.
 */
export function addRecord(prototype: object, record: HandlerRecord): void {
  // Where a legacy decorator is given the name of the method, a standard one is given a context.
  const name: unknown = record.method;
  if (typeof name === 'object') {
    throw new SshServerError(
      'ERR_SSH_HANDLER',
      'the decorators of rxsshd are of the experimental kind, which can inject. Set "experimentalDecorators": true in the ' +
        'compilerOptions of your tsconfig.json.',
    );
  }
  if (typeof prototype === 'function') {
    throw new SshServerError(
      'ERR_SSH_HANDLER',
      `${prototype.name}.${String(record.method)} is static and cannot be a handler method. Remove "static".`,
    );
  }
  const handler = prototype.constructor;
  Reflect.defineMetadata(RECORDS, [...ownRecords(handler), record], handler);
}

/** Records of a class and its bases, bases first. Decorating an inherited method again replaces its records. */
export function recordsOf(handler: HandlerClass): readonly HandlerRecord[] {
  const own = ownRecords(handler);
  const redecorated = new Set(own.map((record) => record.method));
  const base: unknown = Object.getPrototypeOf(handler);
  // The prototype of a class is its base class or, at the top, the plain function that `isClass` turns down.
  const inherited = isClass(base) ? recordsOf(base) : [];
  return [...inherited.filter((record) => !redecorated.has(record.method)), ...own];
}

const isClass = (value: unknown): value is HandlerClass => typeof value === 'function' && value !== Function.prototype;

/** `object`, since a prototype knows its class as a plain `Function`. */
function ownRecords(handler: object): readonly HandlerRecord[] {
  // Nothing but addRecord, of this or another copy of the package, writes under this key.
  return (Reflect.getOwnMetadata(RECORDS, handler) ?? []) as readonly HandlerRecord[];
}
