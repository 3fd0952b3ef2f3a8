import { addRecord } from '../metadata.js';
import type { Service, ServiceOptions } from '../sessions/service.js';
import type { InstanceOnly, Shape } from './method-shape.js';

/**
 * Runs the decorated method for each accepted `exec` request of `command` (RFC 4254 section 6.5).
 *
 * The method's result is the program's output and exit: see {@link Service}.
 *
 * @example
 * ```ts
 * @SshHandler()
 * class Machine {
 *   @Exec('uptime')
 *   async uptime(session: Session) {
 *     await session.write(`up ${String(process.uptime())} s\n`);
 *     return 0;
 *   }
 * }
 * ```
 */
export function Exec(command: string, options: ServiceOptions = {}) {
  return <Target extends object, Method>(
    prototype: Target & InstanceOnly<Target>,
    method: string | symbol,
    _shape: TypedPropertyDescriptor<Method> &
      Shape<Method, Service, 'An @Exec method takes a Session and returns a ServiceResult'>,
  ): void => {
    addRecord(prototype, { kind: 'exec', method, command, options });
  };
}
