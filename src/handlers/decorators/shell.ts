import { addRecord } from '../metadata.js';
import type { Service, ServiceOptions } from '../sessions/service.js';
import type { InstanceOnly, Shape } from './method-shape.js';

/**
 * Runs the decorated method for each accepted `shell` request (RFC 4254 section 6.5). A server has one shell at most.
 *
 * The method's result is the program's output and exit: see {@link Service}.
 */
export function Shell(options: ServiceOptions = {}) {
  return <Target extends object, Method>(
    prototype: Target & InstanceOnly<Target>,
    method: string | symbol,
    _shape: TypedPropertyDescriptor<Method> &
      Shape<Method, Service, 'A @Shell method takes a Session and returns a ServiceResult'>,
  ): void => {
    addRecord(prototype, { kind: 'shell', method, options });
  };
}
