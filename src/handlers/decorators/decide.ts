import type { SshRequests, SshRequestType } from '../../streams/events/ssh-request.js';
import type { Policy } from '../../streams/policy.js';
import { type DecideOptions, defaultPhaseOf } from '../handler-phase.js';
import { addRecord } from '../metadata.js';
import type { InstanceOnly, Shape } from './method-shape.js';

/**
 * Makes the decorated method a policy for requests of one type: an operator from verdicts to verdicts.
 *
 * The method is called once, when the server starts, and its result subscribed once; every request of that type passes
 * through. In a class of scope `connection` that happens for each connection by itself. In one phase policies are asked in reading order, handler by handler.
 *
 * @example
 * ```ts
 * import { type Observable } from 'rxjs';
 *
 * @SshHandler()
 * class Desk {
 *   readonly #passwords = new Map([['demo', 'demo']]);
 *
 *   @Decide('SSHUserAuthRequest')
 *   signIn(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
 *     return verdict$.pipe(grantPassword((user, password) => this.#passwords.get(user) === password));
 *   }
 * }
 * ```
 */
export function Decide<Type extends SshRequestType>(requestType: Type, options: DecideOptions = {}) {
  return <Target extends object, Method>(
    prototype: Target & InstanceOnly<Target>,
    method: string | symbol,
    _shape: TypedPropertyDescriptor<Method> &
      Shape<
        Method,
        Policy<SshRequests[Type]>,
        `A @Decide('${Type}') method takes an Observable of verdicts on that request and returns one, synchronously`
      >,
  ): void => {
    addRecord(prototype, {
      kind: 'decide',
      method,
      request: requestType,
      phase: options.phase ?? defaultPhaseOf(requestType),
    });
  };
}
