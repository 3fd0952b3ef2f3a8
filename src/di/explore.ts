import type { HandlerClass } from '../handlers/handler-class.js';
import type { HandlerFunction, ObserveFunction } from '../handlers/handler-function.js';
import { type ReportServiceFailure, type ServiceRoutes, sessionRouter } from '../handlers/sessions/session-router.js';
import type { SSHChannelRequest } from '../streams/events/ssh-channel-request.js';
import type { SshRequests, SshRequestType } from '../streams/events/ssh-request.js';
import type { PoliciesByRequest } from '../streams/policy-chains.js';
import type { PlacedPolicy } from '../streams/policy-stage.js';
import type { ConnectionScopes } from './connection-scopes.js';
import { checkFunction } from './explore-check.js';
import { exploreClass } from './explore-class.js';
import { checkRoutes } from './explore-routes.js';
import { exploreScopedClass } from './explore-scoped-class.js';
import { exploreServices } from './explore-services.js';

/** Everything that the handlers of a server have to say. */
export interface Explored {
  /** In reading order. The services are in it as one policy for `SSHChannelRequest`, the last, called `rxsshd/router`. */
  readonly policies: PoliciesByRequest;
  readonly observers: readonly ObserveFunction[];
  readonly services: ServiceRoutes;
}

/** What an {@link Explorer} needs of its server. */
export interface ExplorerParts {
  /** Told of services that fail. */
  readonly report: ReportServiceFailure;
  /** Where the instances of classes of scope `connection` are, once there are any. */
  readonly scopes: ConnectionScopes;
}

/**
 * Reads the handlers of one server. Subscribes to nothing and calls none of their methods.
 *
 * What it has read once stays the same objects, so that the policies of handlers that stay are known when others are replaced.
 */
export class Explorer {
  readonly #parts: ExplorerParts;
  readonly #functions = new WeakMap<object, readonly HandlerFunction[]>();
  #router:
    { readonly services: readonly HandlerFunction[]; readonly policy: PlacedPolicy<SSHChannelRequest> } | undefined;

  constructor(parts: ExplorerParts) {
    this.#parts = parts;
  }

  /**
   * @param handlers - Instances of `@SshHandler()` classes, classes of scope `connection` and plain handler functions, in
   * reading order.
   * @throws {@link SshServerError} `ERR_SSH_HANDLER` for a handler that cannot work, `ERR_SSH_ROUTE_CONFLICT` for two
   * services or route policies of one thing or a command that is no pattern. Messages name `Class.method` and a way out.
   */
  explore(handlers: readonly object[]): Explored {
    const functions = handlers.flatMap((it) => this.#functionsOf(it));
    for (const it of functions) checkFunction(it);

    const services = exploreServices(functions);
    checkRoutes(functions);
    return {
      policies: {
        ConnectionRequest: policiesFor('ConnectionRequest', functions),
        SSHServiceRequest: policiesFor('SSHServiceRequest', functions),
        SSHUserAuthRequest: policiesFor('SSHUserAuthRequest', functions),
        SSHChannelOpenRequest: policiesFor('SSHChannelOpenRequest', functions),
        SSHChannelRequest: [...policiesFor('SSHChannelRequest', functions), ...this.#routerOf(functions, services)],
        SSHGlobalRequest: policiesFor('SSHGlobalRequest', functions),
      },
      observers: functions.filter((it) => it.kind === 'observe'),
      services,
    };
  }

  #functionsOf(handler: object): readonly HandlerFunction[] {
    if (isHandlerFunction(handler)) return [handler];
    let functions = this.#functions.get(handler);
    if (functions === undefined) {
      functions = isHandlerClass(handler) ? exploreScopedClass(handler, this.#parts.scopes) : exploreClass(handler);
      this.#functions.set(handler, functions);
    }
    return functions;
  }

  #routerOf(functions: readonly HandlerFunction[], routes: ServiceRoutes): readonly PlacedPolicy<SSHChannelRequest>[] {
    const services = functions.filter((it) => 'service' in it);
    if (services.length === 0) return [];
    const former = this.#router;
    const same = former?.services.length === services.length && services.every((it, at) => it === former.services[at]);
    if (former === undefined || !same) this.#router = { services, policy: sessionRouter(routes, this.#parts.report) };
    return this.#router === undefined ? [] : [this.#router.policy];
  }
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

/** Of classes only those of scope `connection` come here as they are. */
const isHandlerClass = (handler: object): handler is HandlerClass => typeof handler === 'function';

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
