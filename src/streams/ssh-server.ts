import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { Observable } from 'rxjs';

import { messageOf, SshServerError } from '../errors.js';
import type { Arrival } from '../protocol/arrival.js';
import type { ProtocolLimits } from '../protocol/limits.js';
import { StreamArrival } from '../protocol/stream-arrival.js';
import { transportReady } from '../transport/transport-ready.js';
import type { TransportSettings } from '../transport/transport-settings.js';
import { Admission, type AdmissionLimits } from './admission.js';
import { after, type Clock } from './clock.js';
import type { Connection } from './connection.js';
import type { GreetingOf } from './connection-greeting.js';
import { connectionId, type ConnectionId } from './connection-id.js';
import type { ConnectionInfo } from './connection-info.js';
import { Edge } from './edge.js';
import type { EventHub } from './event-hub.js';
import type { EventStreams } from './event-streams.js';
import type { LogLevel } from './events/log.js';
import type { ConnectionRequest } from './events/connection-request.js';
import type { SshRequest, SshRequestType } from './events/ssh-request.js';
import { listenerOptions, type SocketOptions } from './listener-options.js';
import type { Phase } from './phase.js';
import { type PoliciesByRequest, PolicyChains, type Replacement } from './policy-chains.js';
import type { PolicyContext } from './policy-context.js';
import type { PolicyReport } from './policy-report.js';
import type { PlacedPolicy } from './policy-stage.js';
import type { Rehearsal } from './rehearsal.js';
import { Reevaluation, type ReplacedPolicies } from './reevaluation.js';
import { ServerConnection } from './server-connection.js';
import type { ServerContext } from './server-context.js';
import type { BannerOf } from './user-auth-banner.js';

/** Everything a server is made of, resolved and checked. */
export interface ServerParts {
  readonly policies: PoliciesByRequest;
  readonly transport: TransportSettings;
  readonly limits: ProtocolLimits;
  readonly admission: AdmissionLimits;
  readonly authMethods: readonly string[];
  /** Signature algorithms accepted from users who sign in with a key. Default all that are known. */
  readonly publicKeySignatures?: readonly string[];
  readonly loginGraceMs: number;
  readonly decisionDeadlineMs: number;
  readonly logLevel: LogLevel;
  /** What clients are sent before the server's identification. Default nothing. */
  readonly greeting?: GreetingOf;
  /** What users are shown before they sign in. Default nothing. */
  readonly banner?: BannerOf;
  /** Whether a client that identifies itself by that line is served. Default all are. */
  readonly admitsClient?: (line: string) => boolean;
  readonly clock: Clock;
  /** Present if recorded traffic is to be decided again. */
  readonly rehearsal?: Rehearsal;
  /** Called once for each connection that came, after its last event; also for those that were refused. */
  readonly released?: (connection: Connection) => void;
  /** Awaited once the last connection has ended, while events can still be told of. */
  readonly settled?: () => Promise<void>;
  /** Called once, after the last connection has ended. */
  readonly dispose?: () => unknown;
}

/** Where to listen. */
export interface ListenOptions extends SocketOptions {
  /** Default 22. 0 lets the system choose. */
  readonly port?: number;
  /** Address or host name to bind to. Default all addresses. */
  readonly host?: string;
  /** Path of a Unix socket, instead of `port` and `host`. */
  readonly path?: string;
  /** Connections the system queues before they are accepted. Default 511. The documented `ConnectionBacklog`. */
  readonly backlog?: number;
  /** Whether `::` leaves IPv4 alone. Default false: it takes both, as no host does. What the documented `UseIPv6` is for. */
  readonly ipv6Only?: boolean;
  /**
   * Whether workers of `node:cluster` do without sharing the port. Default false. Other programs never share it, which is what the
   * documented `BindExclusively` asks for.
   */
  readonly exclusive?: boolean;
}

/** How {@link SshServer.replacePolicies} treats what was granted. */
export interface ReplacePoliciesOptions {
  /** Whether the new policies are asked about what was granted before. Default true. */
  readonly reevaluate?: boolean;
}

/** What {@link SshServer.replacePolicies} has set going. */
export interface PolicyReplacement {
  /** What became of the grants, once all new policies have answered. */
  readonly reevaluated: Promise<ReplacedPolicies>;
  /** Settles once no decision asks a policy any more that is gone. */
  readonly usedUp: Promise<void>;
  /** Whether that is so already. */
  readonly isUsedUp: boolean;
}

/** One policy in the order in which it is asked. */
export interface DescribedPolicy {
  readonly request: SshRequestType;
  readonly phase: Phase;
  readonly source: string;
}

/** Where a peer that comes over an injected stream is. */
export type PeerAddress = Partial<Omit<ConnectionInfo, 'id'>>;

const MAPPED = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/iu;

/**
 * Lets a client in that comes in another way than over a stream. Known to `rxsshd/testing` alone, whose simulated clients
 * have neither.
 */
export let admitArrival: (server: SshServer, arrival: Arrival, peer: PeerAddress) => ConnectionId;

/** What of a server outlives its connections. Known to `rxsshd/testing` alone, whose leak check looks at it. */
export let insideOf: (
  server: SshServer,
) => Pick<PolicyContext, 'clock' | 'denials'> & { readonly chains: PolicyChains };

/** An SSH server: accepts connections, asks its policies, tells what happens as {@link EventStreams}. */
export class SshServer {
  readonly events: EventStreams;
  readonly #hub: EventHub;
  readonly #parts: ServerParts;
  readonly #edge: Edge;
  readonly #admissionPolicy: PlacedPolicy<ConnectionRequest>;
  readonly #admission = new Admission();
  readonly #connections = new Map<ConnectionId, ServerConnection>();
  readonly #context: ServerContext;
  readonly #listeners = new Set<NetServer>();
  #accepted = 0;
  #draining = false;
  #whenEmpty: (() => void) | undefined;
  #shutdown: Promise<void> | undefined;

  static {
    admitArrival = (server, arrival, peer) => {
      server.checkOpen('connect');
      return server.#accept(arrival, peer);
    };
    insideOf = (server) => ({
      clock: server.#parts.clock,
      denials: server.#hub.denials,
      chains: server.#edge.chains,
    });
  }

  /** @param hub where events go; made by the caller so that observers can subscribe before anything happens */
  constructor(parts: ServerParts, hub: EventHub) {
    this.#parts = parts;
    this.#hub = hub;
    this.events = hub.streams;
    this.#admissionPolicy = {
      source: 'rxsshd/admission',
      phase: 'limit',
      policy: this.#admission.policy(parts.admission),
    };
    const chains = new PolicyChains(
      this.#withAdmission(parts.policies),
      (error, source, request) => {
        this.#report(error, source, request);
      },
      (retired$) => this.#contextUntil(retired$),
    );
    this.#edge = new Edge(chains, hub, parts.clock, parts.decisionDeadlineMs);
    // A server object of its own class would only forward; the closure sees the private state it needs.
    const isDraining = (): boolean => this.#draining;
    this.#context = {
      hub,
      edge: this.#edge,
      clock: parts.clock,
      limits: parts.limits,
      transport: parts.transport,
      authMethods: parts.authMethods,
      publicKeySignatures: parts.publicKeySignatures,
      loginGraceMs: parts.loginGraceMs,
      logLevel: parts.logLevel,
      greeting: parts.greeting,
      banner: parts.banner,
      admitsClient: parts.admitsClient,
      rehearsing: parts.rehearsal !== undefined,
      get draining() {
        return isDraining();
      },
      authenticated: (connection) => {
        this.#admission.authenticate(connection.info.remoteAddress);
      },
      release: (connection) => {
        this.#release(connection);
      },
      channelClosed: (connection) => {
        if (this.#draining && connection.channelCount === 0) connection.disconnect('the server is shutting down');
      },
    };
  }

  /** The connections at this moment, those being decided included. */
  get connections(): readonly Connection[] {
    return [...this.#connections.values()];
  }

  /** The connection of that id, while it lives. */
  connection(id: ConnectionId): Connection | undefined {
    return this.#connections.get(id);
  }

  /** Every policy of this server in the order in which it is asked. */
  describe(): readonly DescribedPolicy[] {
    return this.#edge.chains.describe();
  }

  /**
   * Replaces the policies of this running server. Requests that come from now on are decided by the new ones, those under
   * way by the old ones. A policy that is in both, as the same {@link PlacedPolicy} object, goes on with what it remembers.
   *
   * What was granted stays granted, with the leases of the policies that stay. With `reevaluate` (the default) the new
   * policies are asked about it too, each with a granted verdict to begin with: a denial revokes, leases are added. The leases of
   * policies that are gone end either way. Secrets of authentication requests are forgotten by then.
   *
   * A decision under way that ends as a grant is treated in the same way then.
   *
   * @throws SshServerError `ERR_SSH_POLICY_FAILED` if a new policy throws while it is built, `ERR_SSH_STATE` after
   *   {@link shutdown}; then the old policies stay in force
   */
  protected replacePolicies(
    policies: PoliciesByRequest,
    { reevaluate = true }: ReplacePoliciesOptions = {},
  ): PolicyReplacement {
    this.checkOpen('replaceHandlers');
    const former = this.#edge.chains;
    const next = former.successor(this.#withAdmission(policies));
    const reevaluation = new Reevaluation();
    const replacement: Replacement = { former, next, ...(reevaluate ? { ask: () => reevaluation.ask() } : {}) };
    const usedUp = new Promise<void>((resolve) => {
      this.#edge.replaceChains(replacement, resolve);
    });
    for (const connection of [...this.#connections.values()]) connection.reevaluate(replacement);
    return { isUsedUp: former.usedUp, usedUp, reevaluated: reevaluation.finished() };
  }

  /**
   * Listens for connections. May be called for several addresses.
   *
   * @returns the address listened on, with the port that the system chose if it was to choose
   * @throws SshServerError `ERR_SSH_LISTEN` if the address cannot be had, `ERR_SSH_OPTION` for a bad option, `ERR_SSH_STATE` after
   *   {@link shutdown}
   */
  async listen(options: ListenOptions = {}): Promise<AddressInfo | string> {
    const { port = 22, host, path, backlog, ipv6Only = false, exclusive = false } = options;
    this.checkOpen('listen');
    const socketOptions = listenerOptions(options);
    await transportReady();
    this.checkOpen('listen');
    const listener = createServer(socketOptions);
    listener.on('connection', this.#onSocket);
    const where = path ?? `${host ?? '*'}:${String(port)}`;
    await new Promise<void>((resolve, reject) => {
      const onError = (cause: NodeJS.ErrnoException): void => {
        reject(new SshServerError('ERR_SSH_LISTEN', `cannot listen on ${where}: ${listenFailure(cause)}`, { cause }));
      };
      listener.once('error', onError);
      const target = path === undefined ? { port, ...(host === undefined ? {} : { host }) } : { path };
      try {
        listener.listen({ ...target, ipv6Only, exclusive, ...(backlog === undefined ? {} : { backlog }) }, () => {
          listener.off('error', onError);
          resolve();
        });
      } catch (cause) {
        // Node throws for a port that no machine has.
        onError(cause as NodeJS.ErrnoException);
      }
    });
    // Later errors are of single connections that could not be accepted, such as too many open files.
    listener.on('error', (cause) => {
      this.#report(
        new SshServerError('ERR_SSH_SOCKET', `cannot accept a connection: ${cause.message}`, { cause }),
        'listen',
        undefined,
      );
    });
    if (this.#draining) listener.close();
    this.checkOpen('listen');
    this.#listeners.add(listener);
    return listener.address() ?? where;
  }

  /**
   * Serves one peer over a stream of any kind: a socket from elsewhere, a pipe, an in-memory pair.
   *
   * @throws SshServerError `ERR_SSH_STATE` after {@link shutdown}; the stream is destroyed
   */
  async serve(stream: Duplex, peer: PeerAddress = {}): Promise<ConnectionId> {
    // Nobody else listens yet, and a peer that resets the connection must not end the process.
    stream.on('error', ignore);
    try {
      await transportReady();
      this.checkOpen('serve');
      return this.#accept(new StreamArrival(stream), peer);
    } catch (cause) {
      stream.destroy();
      throw cause;
    } finally {
      stream.off('error', ignore);
    }
  }

  /**
   * Stops listening, lets sessions finish for at most `graceMs` milliseconds (default 0: not at all), then disconnects
   * everybody and completes the event streams. Safe to call again.
   */
  shutdown({ graceMs = 0 }: { readonly graceMs?: number } = {}): Promise<void> {
    this.#shutdown ??= this.#drain(graceMs);
    return this.#shutdown;
  }

  /** Shuts down at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  /** @throws SshServerError `ERR_SSH_STATE` after {@link shutdown} */
  protected checkOpen(method: string): void {
    if (!this.#draining) return;
    throw new SshServerError('ERR_SSH_STATE', `${method}: this server was shut down; create a new one`);
  }

  /** Awaited once the last connection has ended, before what the server consists of is given up. */
  protected async settled(): Promise<void> {
    await this.#parts.settled?.();
  }

  async #drain(graceMs: number): Promise<void> {
    this.#draining = true;
    const stopped = [...this.#listeners].map(
      (listener) =>
        new Promise<void>((resolve) => {
          listener.close(() => {
            resolve();
          });
        }),
    );
    const emptied = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
      this.#checkEmpty();
    });
    for (const connection of [...this.#connections.values()]) {
      if (connection.channelCount === 0 || graceMs <= 0) connection.disconnect('the server is shutting down');
    }
    const deadline = after(this.#parts.clock, graceMs, () => {
      for (const connection of [...this.#connections.values()]) {
        connection.disconnect('the server is shutting down');
        connection.destroy('the server is shutting down');
      }
    });
    await emptied;
    deadline.unsubscribe();
    await Promise.all(stopped);
    this.#edge.chains.close();
    await this.settled();
    this.#hub.complete();
    await this.#parts.dispose?.();
  }

  #withAdmission(policies: PoliciesByRequest): PoliciesByRequest {
    return { ...policies, ConnectionRequest: [this.#admissionPolicy, ...(policies.ConnectionRequest ?? [])] };
  }

  #contextUntil(retired$: Observable<void>): PolicyContext {
    const { clock, rehearsal } = this.#parts;
    return {
      clock,
      events: this.#hub.streams,
      denials: this.#hub.denials,
      retired: retired$,
      reevaluation: false,
      ...(rehearsal === undefined ? {} : { recall: rehearsal.recall, hold: rehearsal.hold }),
      report: (report) => {
        this.#onPolicyReport(report);
      },
      extendDeadline: (request, ms) => {
        this.#edge.extendDeadline(request, ms);
      },
    };
  }

  #onPolicyReport(report: PolicyReport): void {
    if (report.type === 'failure') {
      const { request, by, cause } = report;
      const text = `${by} failed: ${messageOf(cause)}`;
      this.#report(new SshServerError('ERR_SSH_POLICY_FAILED', text, { cause }), by, request);
      return;
    }
    if (!this.#hub.wants('ShadowDecided')) return;
    this.#hub.emit({ ...report, type: 'ShadowDecided', connection: report.request.connection });
  }

  readonly #onSocket = (socket: Socket): void => {
    // It was in the accept queue when the listener closed.
    if (this.#draining) {
      socket.destroy();
      return;
    }
    this.#accept(new StreamArrival(socket), {
      remoteAddress: socket.remoteAddress ?? '',
      remotePort: socket.remotePort ?? 0,
      localAddress: socket.localAddress ?? '',
      localPort: socket.localPort ?? 0,
    });
  };

  #accept(arrival: Arrival, peer: PeerAddress): ConnectionId {
    this.#accepted += 1;
    const info: ConnectionInfo = {
      id: connectionId(this.#accepted),
      remoteAddress: (peer.remoteAddress ?? '').replace(MAPPED, ''),
      remotePort: peer.remotePort ?? 0,
      localAddress: (peer.localAddress ?? '').replace(MAPPED, ''),
      localPort: peer.localPort ?? 0,
    };
    const connection = new ServerConnection(info, this.#context);
    this.#connections.set(info.id, connection);
    this.#admission.arrive(info.remoteAddress);
    connection.begin(arrival);
    return info.id;
  }

  #release(connection: ServerConnection): void {
    if (!this.#connections.delete(connection.info.id)) return;
    this.#admission.leave(connection.info.remoteAddress, connection.authenticated);
    this.#parts.released?.(connection);
    this.#checkEmpty();
  }

  #checkEmpty(): void {
    if (this.#connections.size === 0) this.#whenEmpty?.();
  }

  #report(error: SshServerError, source: string, request: SshRequest | undefined): void {
    if (!this.#hub.wants('Error')) return;
    this.#hub.emit({
      type: 'Error',
      ...(request === undefined ? {} : { connection: request.connection }),
      error,
      source,
    });
  }
}

const ignore = (): void => undefined;

/** The usual causes, with a way out. */
function listenFailure(cause: NodeJS.ErrnoException): string {
  switch (cause.code) {
    case 'EADDRINUSE':
      return 'the port is in use. Stop the other program or choose another port';
    case 'EACCES':
      return 'permission denied. Ports below 1024 need a privilege; choose another port';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address';
    default:
      return cause.message;
  }
}
