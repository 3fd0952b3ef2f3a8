import { type Container, type ContainerModule, type ServiceIdentifier } from 'inversify';

import { SshServerError } from '../errors.js';
import type { HandlerClass } from '../handlers/handler-class.js';
import type { HandlerFunction } from '../handlers/handler-function.js';
import { defaultGrants } from '../streams/default-grants.js';
import type { EventHub } from '../streams/event-hub.js';
import type { PoliciesByRequest } from '../streams/policy-chains.js';
import type { ReplacedPolicies } from '../streams/reevaluation.js';
import { type ReplacePoliciesOptions, type ServerParts, SshServer } from '../streams/ssh-server.js';
import type { Explored, Explorer } from './explore.js';
import { buildHandlers } from './explore-container.js';
import type { Observers } from './observers.js';

/** A handler as an application gives it: a decorated class, or a function with its place. */
export type Handler = HandlerClass | HandlerFunction;

/** What is to change in a running server: see {@link ApplicationServer.replaceHandlers}. */
export interface HandlerReplacement extends ReplacePoliciesOptions {
  /** Handlers that are to go, as they were given. Default none. */
  readonly remove?: readonly Handler[];
  /** Handlers that are to come, in the place of the first that goes; without one, at the end. Default none. */
  readonly add?: readonly Handler[];
  /** Modules with what the new handlers want injected. They stay loaded until the server has shut down. Default none. */
  readonly modules?: readonly ContainerModule[];
}

/** What a server made of handlers consists of, beside what every server does. */
export interface ApplicationParts {
  readonly container: Container;
  readonly explorer: Explorer;
  readonly observers: Observers;
  /** In reading order. */
  readonly handlers: readonly Handler[];
  readonly explored: Explored;
  /** Told of the handlers that are in force from now on, instances and classes of scope `connection`. */
  readonly adopt: (built: readonly object[]) => void;
}

const DEFAULTS = defaultGrants();

/** The defaults come last: they grant only what nobody has decided. */
const withDefaults = (policies: PoliciesByRequest): PoliciesByRequest => ({
  ConnectionRequest: [...(policies.ConnectionRequest ?? []), ...(DEFAULTS.ConnectionRequest ?? [])],
  SSHServiceRequest: [...(policies.SSHServiceRequest ?? []), ...(DEFAULTS.SSHServiceRequest ?? [])],
  SSHUserAuthRequest: policies.SSHUserAuthRequest ?? [],
  SSHChannelOpenRequest: [...(policies.SSHChannelOpenRequest ?? []), ...(DEFAULTS.SSHChannelOpenRequest ?? [])],
  SSHChannelRequest: [...(policies.SSHChannelRequest ?? []), ...(DEFAULTS.SSHChannelRequest ?? [])],
  SSHGlobalRequest: policies.SSHGlobalRequest ?? [],
});

/** An SSH server made of handlers by {@link createServer}. */
export class ApplicationServer extends SshServer {
  readonly #parts: ApplicationParts;
  #handlers: readonly Handler[];
  /** Classes that modules have bound and that were removed all the same. */
  #removed: ReadonlySet<unknown> = new Set();
  /** Replacements happen one after the other, each on what the one before has left. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: Omit<ServerParts, 'policies'>, application: ApplicationParts, hub: EventHub) {
    super({ ...parts, policies: withDefaults(application.explored.policies) }, hub);
    this.#parts = application;
    this.#handlers = application.handlers;
  }

  /**
   * Replaces handlers while the server runs: policies, observers and services alike.
   *
   * Requests that come from now on meet the new handlers; those under way are decided by the old ones, and programs that run
   * go on. Handlers that stay keep their instances, and their policies what they remember. What was granted stays granted, but
   * the new policies are asked about it, each with a granted verdict to begin with and `verdict.context.reevaluation` set: a
   * denial revokes, new leases are held. Leases of policies that are gone end. A class that goes is unbound, which runs its
   * deactivation.
   *
   * @example
   * ```ts
   * const office = decide('SSHUserAuthRequest', during(['mon-fri 08:00-18:00'], { timeZone: 'Europe/Berlin' }));
   * const summer = decide('SSHUserAuthRequest', during(['mon-fri 07:00-15:00'], { timeZone: 'Europe/Berlin' }));
   * const server = await createServer({ hostKeys: [await loadOrCreateHostKey('state/host_key')], handlers: [office] });
   *
   * const { asked, revoked } = await server.replaceHandlers({ remove: [office], add: [summer] });
   * console.log(`${String(revoked)} of ${String(asked)} grants were taken back`);
   * ```
   *
   * @returns what became of the grants, once all new policies have answered
   * @throws SshServerError as `createServer` does, for the same mistakes; `ERR_SSH_HANDLER` for a handler to remove that the
   *   server does not have; `ERR_SSH_STATE` after `shutdown`. Then everything is as it was.
   */
  replaceHandlers(replacement: HandlerReplacement): Promise<ReplacedPolicies> {
    const replaced = this.#last.then(() => this.#replace(replacement));
    this.#last = replaced.catch(() => undefined);
    return replaced;
  }

  async #replace({ remove = [], add = [], modules = [], ...options }: HandlerReplacement): Promise<ReplacedPolicies> {
    const { container, explorer, observers, adopt } = this.#parts;
    const handlers = this.#without(remove, add);
    const removed = new Set([...this.#removed, ...remove].filter((it) => !handlers.includes(it as Handler)));
    const known = new Set(this.#handlers);
    const fresh = add.filter((it) => isClass(it) && !known.has(it) && !container.isCurrentBound(identifierOf(it)));
    await container.loadAsync(...modules);
    let replaced: Promise<ReplacedPolicies>;
    try {
      const built = (await buildHandlers(container, handlers)).filter((it) => !removed.has(it.constructor));
      const explored = explorer.explore(built);
      const switchObservers = observers.prepare(explored.observers);
      // Throws before anything has changed, or not at all.
      replaced = this.replacePolicies(withDefaults(explored.policies), options);
      this.#handlers = handlers;
      this.#removed = removed;
      switchObservers();
      adopt(built);
    } catch (cause) {
      await this.#unbind(fresh);
      await container.unloadAsync(...modules);
      throw cause;
    }
    await this.#unbind(remove.filter((it) => !handlers.includes(it)));
    return replaced;
  }

  #without(remove: readonly Handler[], add: readonly Handler[]): readonly Handler[] {
    for (const it of remove) {
      if (this.#handlers.includes(it) || this.#isBoundByModule(it)) continue;
      throw new SshServerError(
        'ERR_SSH_HANDLER',
        `replaceHandlers: ${nameOf(it)} is no handler of this server. Give it as it was given to createServer.`,
      );
    }
    const place = this.#handlers.findIndex((it) => remove.includes(it));
    const at = place === -1 ? this.#handlers.length : place;
    const stays = (it: Handler): boolean => !remove.includes(it) && !add.includes(it);
    return [...this.#handlers.slice(0, at).filter(stays), ...add, ...this.#handlers.slice(at).filter(stays)];
  }

  /** Classes that a module has bound to `SSH_HANDLER` are not among those that were given. */
  #isBoundByModule(handler: Handler): boolean {
    return (
      isClass(handler) && !this.#removed.has(handler) && this.#parts.container.isCurrentBound(identifierOf(handler))
    );
  }

  async #unbind(handlers: readonly Handler[]): Promise<void> {
    const { container } = this.#parts;
    for (const it of handlers) {
      if (isClass(it) && container.isCurrentBound(identifierOf(it))) await container.unbindAsync(identifierOf(it));
    }
  }
}

const isClass = (handler: Handler): handler is HandlerClass => typeof handler === 'function';

/** A class is its own identifier; the container does not look at its arguments here. */
const identifierOf = (handler: Handler): ServiceIdentifier<object> => handler as unknown as ServiceIdentifier<object>;

const nameOf = (handler: Handler): string => (isClass(handler) ? handler.name : handler.source);
