import type { Container, ContainerModule, ServiceIdentifier } from 'inversify';

import { messageOf, SshServerError } from '../errors.js';
import type { HandlerClass } from '../handlers/handler-class.js';
import type { HandlerFunction } from '../handlers/handler-function.js';
import { defaultGrants } from '../streams/default-grants.js';
import type { EventHub } from '../streams/event-hub.js';
import type { PoliciesByRequest } from '../streams/policy-chains.js';
import type { ReplacedPolicies } from '../streams/reevaluation.js';
import {
  type PolicyReplacement,
  type ReplacePoliciesOptions,
  type ServerParts,
  SshServer,
} from '../streams/ssh-server.js';
import type { HostKey } from '../transport/host-keys/host-key.js';
import type { Explored, Explorer } from './explore.js';
import { boundHandlers, buildHandlers } from './explore-container.js';
import type { HostKeysInForce } from './host-keys-in-force.js';
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
  readonly hostKeys: HostKeysInForce;
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
  SSHGlobalRequest: [...(policies.SSHGlobalRequest ?? []), ...(DEFAULTS.SSHGlobalRequest ?? [])],
});

/** An SSH server made of handlers by {@link createServer}. */
export class ApplicationServer extends SshServer {
  readonly #parts: ApplicationParts;
  readonly #hub: EventHub;
  #handlers: readonly Handler[];
  /** Classes that modules have bound and that were removed all the same. */
  #removed: ReadonlySet<unknown> = new Set();
  /** Replacements happen one after the other, each on what the one before has left. */
  #last: Promise<unknown> = Promise.resolve();
  /** Handlers that are to go once nobody needs them any more. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(parts: Omit<ServerParts, 'policies'>, application: ApplicationParts, hub: EventHub) {
    super({ ...parts, policies: withDefaults(application.explored.policies) }, hub);
    this.#parts = application;
    this.#hub = hub;
    this.#handlers = application.handlers;
  }

  /**
   * Replaces handlers while the server runs: policies, observers and services alike.
   *
   * Requests that come from now on meet the new handlers; those under way are decided by the old ones, and programs that run
   * go on. Handlers that stay keep their instances, and their policies what they remember. What was granted stays granted, but
   * the new policies are asked about it, each with a granted verdict to begin with and `verdict.context.reevaluation` set: a
   * denial revokes, new leases are held. So is what old policies grant later, of requests that were under way. Leases of policies
   * that are gone end. A class that goes is unbound once the last of those requests is decided, which runs its deactivation; what
   * deactivation throws is an `Error` event.
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
    return replaced.then(({ outcome }) => outcome());
  }

  /**
   * Replaces the host keys while the server runs. New connections use the new ones. Connections that there are keep those that they
   * have begun with for all their key exchanges, since clients such as PuTTY end a session in which the key changes.
   *
   * A client that knows only a key that is gone will take its next connection for an attack. So let old and new keys be in force
   * together for a while, the old ones first: OpenSSH's client learns the new ones of each server that it signs in to.
   *
   * @example
   * ```ts
   * const server = await createServer({ hostKeys: [await loadOrCreateHostKey('state/host_key')] });
   * const old = await loadHostKey('state/host_key');
   * const next = await loadOrCreateHostKey('state/next_host_key');
   *
   * server.replaceHostKeys([old, next]); // Clients learn the next key.
   * server.replaceHostKeys([next, old]); // Weeks later: it is the one in use.
   * server.replaceHostKeys([next]); // Clients forget the old one.
   * ```
   *
   * @throws SshServerError `ERR_SSH_OPTION` as `createServer` does for its `hostKeys`, `ERR_SSH_STATE` after `shutdown`. Then
   *   everything is as it was.
   */
  replaceHostKeys(hostKeys: readonly HostKey[]): void {
    this.checkOpen('replaceHostKeys');
    this.#parts.hostKeys.replace(hostKeys);
  }

  /** Also waits for a replacement that is under way, and for every handler that was to go. */
  protected override async settled(): Promise<void> {
    await super.settled();
    await this.#last;
    await Promise.all(this.#leaving);
  }

  /** @returns what tells of the outcome, so that the next replacement need not wait for that */
  async #replace({ remove = [], add = [], modules = [], ...options }: HandlerReplacement) {
    this.checkOpen('replaceHandlers');
    const { container, explorer, observers, adopt } = this.#parts;
    const bound = await boundClasses(container);
    const handlers = this.#without(remove, add, bound);
    // Of what modules have bound alone: the others come no more, and would only be kept in memory.
    const removed = new Set(
      [...this.#removed, ...remove].filter((it) => bound.has(it) && !handlers.includes(it as Handler)),
    );
    const known = new Set(this.#handlers);
    const fresh = add.filter((it) => isClass(it) && !known.has(it) && !container.isCurrentBound(identifierOf(it)));
    let replacement: PolicyReplacement;
    try {
      await container.loadAsync(...modules);
      const built = (await buildHandlers(container, handlers)).filter((it) => !removed.has(it.constructor));
      const explored = explorer.explore(built);
      const switchObservers = observers.prepare(explored.observers);
      // Throws before anything has changed, or not at all.
      replacement = this.replacePolicies(withDefaults(explored.policies), options);
      this.#handlers = handlers;
      this.#removed = removed;
      switchObservers();
      adopt(built);
    } catch (cause) {
      // The first failure is the one to tell of, whatever else goes wrong while everything is given up.
      for (const it of fresh) await this.#unbind(it).catch(() => undefined);
      for (const module of modules) await container.unloadAsync(module).catch(() => undefined);
      throw cause;
    }
    // What a module has bound ends with the server, as everything of that module.
    const leaving = this.#leave(
      remove.filter((it) => !handlers.includes(it) && !bound.has(it)),
      replacement.usedUp,
    );
    if (replacement.isUsedUp) await leaving;
    return { outcome: () => replacement.reevaluated };
  }

  #without(remove: readonly Handler[], add: readonly Handler[], bound: ReadonlySet<unknown>): readonly Handler[] {
    for (const it of remove) {
      if (this.#handlers.includes(it) || (bound.has(it) && !this.#removed.has(it))) continue;
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

  /** Unbinds handlers once nobody asks them any more. Never rejects. */
  #leave(handlers: readonly Handler[], unused: Promise<void>): Promise<void> {
    const leaving = unused.then(async () => {
      for (const it of handlers) {
        // It may have come back meanwhile.
        if (!this.#handlers.includes(it)) await this.#unbind(it).catch(this.#reportUnbinding(it));
      }
      this.#leaving.delete(leaving);
    });
    this.#leaving.add(leaving);
    return leaving;
  }

  async #unbind(handler: Handler): Promise<void> {
    const { container } = this.#parts;
    const identifier = identifierOf(handler);
    if (isClass(handler) && container.isCurrentBound(identifier)) await container.unbindAsync(identifier);
  }

  #reportUnbinding(handler: Handler): (cause: unknown) => void {
    const source = nameOf(handler);
    return (cause) => {
      if (!this.#hub.wants('Error')) return;
      const text = `${source} was removed but could not be given up: ${messageOf(cause)}`;
      this.#hub.emit({ type: 'Error', error: new SshServerError('ERR_SSH_HANDLER_FAILED', text, { cause }), source });
    };
  }
}

/** The classes of what modules have bound as handlers, and not among those that were given. */
const boundClasses = async (container: Container): Promise<ReadonlySet<unknown>> =>
  new Set((await boundHandlers(container)).map((it) => it.constructor));

const isClass = (handler: Handler): handler is HandlerClass => typeof handler === 'function';

/** A class is its own identifier; the container does not look at its arguments here. */
const identifierOf = (handler: Handler): ServiceIdentifier<object> => handler as unknown as ServiceIdentifier<object>;

const nameOf = (handler: Handler): string => (isClass(handler) ? handler.name : handler.source);
