import { addRecord } from '../metadata.js';
import type { Service, ServiceOptions } from '../sessions/service.js';
import type { InstanceOnly, Shape } from './method-shape.js';

/**
 * Runs the decorated method for each accepted `subsystem` request of `name` (RFC 4254 section 6.5), such as `sftp`.
 *
 * The method's result is the program's output and exit: see {@link Service}.
 */
export function Subsystem(name: string, options: ServiceOptions = {}) {
  return <Target extends object, Method>(
    prototype: Target & InstanceOnly<Target>,
    method: string | symbol,
    _shape: TypedPropertyDescriptor<Method> &
      Shape<Method, Service, 'A @Subsystem method takes a Session and returns a ServiceResult'>,
  ): void => {
    addRecord(prototype, { kind: 'subsystem', method, name, options });
  };
}
