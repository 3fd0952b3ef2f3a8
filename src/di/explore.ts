import type { HandlerFunction, ObserveFunction } from '../handlers/handler-function.js';
import { type ReportServiceFailure, type ServiceRoutes, sessionRouter } from '../handlers/sessions/session-router.js';
import type { SshRequests, SshRequestType } from '../streams/events/ssh-request.js';
import type { PoliciesByRequest } from '../streams/policy-chains.js';
import type { PlacedPolicy } from '../streams/policy-stage.js';
import { checkFunction } from './explore-check.js';
import { exploreClass } from './explore-class.js';
import { exploreServices } from './explore-services.js';

/** Everything that the handlers of a server have to say. */
export interface Explored {
  /** In reading order. The services are in it as one policy for `SSHChannelRequest`, the last, called `rxsshd/router`. */
  readonly policies: PoliciesByRequest;
  readonly observers: readonly ObserveFunction[];
  readonly services: ServiceRoutes;
}

/**
 * Reads handlers, once, before the server listens. Subscribes to nothing and calls none of their methods.
 *
 * @param handlers - Instances of `@SshHandler()` classes and plain handler functions, in reading order.
 * @throws {@link SshServerError} `ERR_SSH_HANDLER` for a handler that cannot work, `ERR_SSH_ROUTE_CONFLICT` for two
 * services of one thing or a command that is no pattern. Messages name `Class.method` and a way out.
 */
export function explore(handlers: readonly object[], report: ReportServiceFailure): Explored {
  const functions = handlers.flatMap((it) => (isHandlerFunction(it) ? [it] : exploreClass(it)));
  for (const it of functions) checkFunction(it);

  const services = exploreServices(functions);
  const hasServices = functions.some((it) => 'service' in it);
  return {
    policies: {
      ConnectionRequest: policiesFor('ConnectionRequest', functions),
      SSHServiceRequest: policiesFor('SSHServiceRequest', functions),
      SSHUserAuthRequest: policiesFor('SSHUserAuthRequest', functions),
      SSHChannelOpenRequest: policiesFor('SSHChannelOpenRequest', functions),
      SSHChannelRequest: [
        ...policiesFor('SSHChannelRequest', functions),
        ...(hasServices ? [sessionRouter(services, report)] : []),
      ],
      SSHGlobalRequest: policiesFor('SSHGlobalRequest', functions),
    },
    observers: functions.filter((it) => it.kind === 'observe'),
    services,
  };
}

const KINDS: ReadonlySet<unknown> = new Set<HandlerFunction['kind']>([
  'decide',
  'observe',
  'exec',
  'shell',
  'subsystem',
]);

/** Handler functions are plain data; an instance of a class is not, whatever its fields are called. */
const isHandlerFunction = (handler: object): handler is HandlerFunction =>
  Object.getPrototypeOf(handler) === Object.prototype && 'kind' in handler && KINDS.has(handler.kind);

function policiesFor<Type extends SshRequestType>(
  type: Type,
  functions: readonly HandlerFunction[],
): readonly PlacedPolicy<SshRequests[Type]>[] {
  return (
    functions
      .filter((it) => it.kind === 'decide' && it.request === type)
      // The filter picked exactly the policies for this type; TypeScript does not correlate the two.
      .map((it) => it as unknown as PlacedPolicy<SshRequests[Type]>)
  );
}
