import { type Observable, ReplaySubject, type Subscription } from 'rxjs';

import { messageOf, SshServerError } from '../errors.js';
import type { SshChannel } from '../protocol/channels/ssh-channel.js';
import { after, type Clock } from './clock.js';
import type { Connection } from './connection.js';
import type { Settlement } from './decision.js';
import type { Edge } from './edge.js';
import type { SshRequest } from './events/ssh-request.js';
import type { Held } from './held.js';
import { type Grant, Holding, type Replacement } from './holding.js';
import type { Identity } from './identity.js';
import type { Lease, LeaseNarrowing, LeaseRevocation } from './lease.js';
import { Narrowing } from './narrowing.js';
import type { Revocation } from './revocation.js';
import { LAST_WORDS_MS, revokeChannel } from './revoke-channel.js';
import { spokenText } from './spoken-text.js';
import { tellUser } from './tell-user.js';
import { Traffic } from './traffic.js';
import type { GrantedVerdict } from './verdict.js';

/** What {@link Permissions} need of the connection they belong to. */
export interface PermissionsHost {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly edge: Edge;
  /** The channels that are open, none before the protocol has begun. */
  openChannels(): Iterable<SshChannel>;
  /** Shows a text by SSH_MSG_DEBUG (RFC 4253 section 11.3), if the connection has got that far. */
  debug(text: string): void;
  /** Reports that the program on a channel was ended by SIGTERM. */
  sendExitSignal(channel: SshChannel, message: string): void;
  disconnect(message: string): void;
  status(message: string): void;
  error(error: SshServerError): void;
}

/** What a channel was granted. */
interface ChannelPermissions {
  readonly holding: Holding;
  revoked: Revocation | undefined;
  ending: Subscription | undefined;
  narrowings: Map<Lease, Narrowing> | undefined;
}

/**
 * What one connection and each of its channels may do, for as long as they may: the grants with their leases, what the leases
 * narrow, and how it ends when one of them takes a grant back.
 */
export class Permissions {
  readonly #host: PermissionsHost;
  readonly #holding: Holding;
  #channels: Map<SshChannel, ChannelPermissions> | undefined;
  #traffic: Traffic | undefined;
  #authenticated: ReplaySubject<Identity> | undefined;
  #narrowings: Map<Lease, Narrowing> | undefined;
  /** Payload of the channels that have closed. */
  #bytesReceived = 0;
  #bytesSent = 0;
  #revoked: Revocation | undefined;
  #ending: Subscription | undefined;
  #telling = false;
  #ended = false;

  constructor(host: PermissionsHost) {
    this.#host = host;
    this.#holding = new Holding(() => this.#connectionHeld(), {
      warn: (message) => {
        this.#warn(spokenText(message));
      },
      narrow: (lease, narrowing) => {
        this.#narrowings = this.#narrow(this.#narrowings, lease, narrowing, () => this.#host.openChannels());
      },
      fail: (cause) => {
        this.#onLeaseFailure(cause);
      },
      revoke: (revocation, grant) => {
        this.#revokeConnection(revocation, grant);
      },
    });
  }

  /** Why the permission to be connected was taken back, if it was. */
  get revoked(): Revocation | undefined {
    return this.#revoked;
  }

  /** The connection was granted something. A lease may take it back at once. */
  grant(verdict: GrantedVerdict<SshRequest>, settlement: Settlement<SshRequest>): void {
    if (!this.#ended) this.#holding.add(verdict, settlement, this.#host.clock.now());
  }

  /** A channel was granted something. */
  grantChannel(channel: SshChannel, verdict: GrantedVerdict<SshRequest>, settlement: Settlement<SshRequest>): void {
    if (this.#ended || channel.closed) return;
    this.#permissionsOf(channel).holding.add(verdict, settlement, this.#host.clock.now());
  }

  /** Whether something that is being taken back rules out everything new: on the connection, or on one channel. */
  isEnding(channel?: SshChannel): boolean {
    return (
      this.#revoked !== undefined || (channel !== undefined && this.#channels?.get(channel)?.revoked !== undefined)
    );
  }

  /** Somebody has signed in. */
  authenticate(identity: Identity): void {
    this.#authenticated?.next(identity);
    this.#authenticated?.complete();
  }

  channelOpened(channel: SshChannel): void {
    for (const narrowing of this.#narrowings?.values() ?? []) narrowing.addTo(channel);
  }

  /** Payload has moved on a channel, either way. On the hot path. */
  moved(channel: SshChannel, bytes: number): void {
    if (!this.#telling) this.#traffic?.moved(channel, bytes);
  }

  /** @returns why the permission for the channel was taken back, if it was */
  channelClosed(channel: SshChannel): Revocation | undefined {
    this.#bytesReceived += channel.bytesReceived;
    this.#bytesSent += channel.bytesSent;
    this.#traffic?.endChannel(channel);
    const permissions = this.#channels?.get(channel);
    this.#channels?.delete(channel);
    permissions?.holding.end();
    permissions?.ending?.unsubscribe();
    for (const narrowing of permissions?.narrowings?.values() ?? []) narrowing.end();
    return permissions?.revoked;
  }

  /** The last channel has closed. */
  channelsGone(): void {
    if (this.#revoked !== undefined) this.#host.disconnect(this.#revoked.message);
  }

  /** Policies were replaced: see {@link Holding.reevaluate}. */
  reevaluate(replacement: Replacement): void {
    this.#holding.reevaluate(this.#host.edge, replacement);
    for (const { holding } of [...(this.#channels?.values() ?? [])]) {
      if (this.isEnding()) return;
      holding.reevaluate(this.#host.edge, replacement);
    }
  }

  /** The connection is no more. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#holding.end();
    this.#ending?.unsubscribe();
    for (const narrowing of this.#narrowings?.values() ?? []) narrowing.end();
    for (const channel of [...(this.#channels?.keys() ?? [])]) this.channelClosed(channel);
    this.#traffic?.end();
    this.#authenticated?.complete();
  }

  #permissionsOf(channel: SshChannel): ChannelPermissions {
    this.#channels ??= new Map();
    let permissions = this.#channels.get(channel);
    if (permissions === undefined) {
      permissions = this.#newPermissions(channel);
      this.#channels.set(channel, permissions);
    }
    return permissions;
  }

  #newPermissions(channel: SshChannel): ChannelPermissions {
    const permissions: ChannelPermissions = {
      revoked: undefined,
      ending: undefined,
      narrowings: undefined,
      holding: new Holding(() => this.#channelHeld(channel), {
        warn: (message) => {
          const text = spokenText(message);
          if (!this.#tell(channel, text)) this.#host.debug(text);
        },
        narrow: (lease, narrowing) => {
          permissions.narrowings = this.#narrow(permissions.narrowings, lease, narrowing, () => [channel]);
        },
        fail: (cause) => {
          this.#onLeaseFailure(cause);
        },
        revoke: (revocation, grant) => {
          this.#revokeChannel(channel, permissions, revocation, grant);
        },
      }),
    };
    return permissions;
  }

  /** Tells everybody who looks at a session; if there is none, whoever reads the client's debug messages. */
  #warn(text: string): void {
    this.#host.status(text);
    if (!this.#tellSessions(text)) this.#host.debug(text);
  }

  #tellSessions(text: string): boolean {
    let told = false;
    for (const channel of [...this.#host.openChannels()]) {
      if (channel.session?.program !== undefined && this.#tell(channel, text)) told = true;
    }
    return told;
  }

  /** What this server says by itself is no use that somebody makes of the channel. */
  #tell(channel: SshChannel, text: string): boolean {
    this.#telling = true;
    const told = tellUser(channel, text);
    this.#telling = false;
    return told;
  }

  #narrow(
    narrowings: Map<Lease, Narrowing> | undefined,
    lease: Lease,
    signal: LeaseNarrowing | undefined,
    channels: () => Iterable<SshChannel>,
  ): Map<Lease, Narrowing> | undefined {
    let narrowing = narrowings?.get(lease);
    if (signal === undefined) {
      narrowing?.end();
      narrowings?.delete(lease);
      return narrowings;
    }
    if (narrowing === undefined) {
      narrowing = new Narrowing(this.#host.clock);
      narrowing.apply(signal);
      for (const channel of channels()) narrowing.addTo(channel);
      return (narrowings ?? new Map<Lease, Narrowing>()).set(lease, narrowing);
    }
    narrowing.apply(signal);
    return narrowings;
  }

  #revokeConnection({ by, reason, graceMs }: Required<LeaseRevocation>, grant: Grant): void {
    const message = spokenText(reason);
    this.#revoked = { by, message };
    this.#host.edge.revoked(grant.request, this.#revoked, grant.at, grant.grantedAt);
    this.#host.status(message);
    // An observer of the event may have ended the connection.
    if (this.#hasEnded()) return;
    const channels = [...this.#host.openChannels()].filter((channel) => !channel.closing);
    if (channels.length === 0) {
      this.#host.disconnect(message);
      return;
    }
    this.#ending = after(this.#host.clock, graceMs + LAST_WORDS_MS, () => {
      this.#host.disconnect(message);
    });
    if (channels.every(({ session }) => session === undefined)) this.#host.debug(message);
    for (const channel of channels) {
      const permissions = this.#permissionsOf(channel);
      permissions.holding.end();
      this.#endChannel(channel, permissions, this.#revoked, graceMs);
    }
  }

  #revokeChannel(
    channel: SshChannel,
    permissions: ChannelPermissions,
    { by, reason, graceMs }: Required<LeaseRevocation>,
    grant: Grant,
  ): void {
    const revocation: Revocation = { by, message: spokenText(reason) };
    this.#host.edge.revoked(grant.request, revocation, grant.at, grant.grantedAt);
    if (channel.closed) return;
    if (channel.session === undefined) this.#host.debug(revocation.message);
    this.#endChannel(channel, permissions, revocation, graceMs);
  }

  #endChannel(channel: SshChannel, permissions: ChannelPermissions, revocation: Revocation, graceMs: number): void {
    if (permissions.revoked !== undefined) return;
    permissions.revoked = revocation;
    // What slows the channel down must not keep it open.
    for (const narrowing of permissions.narrowings?.values() ?? []) narrowing.end();
    const { message } = revocation;
    const ending = revokeChannel(channel, {
      clock: this.#host.clock,
      message,
      graceMs,
      sendExitSignal: () => {
        this.#host.sendExitSignal(channel, message);
      },
    });
    if (channel.closed) ending.unsubscribe();
    else permissions.ending = ending;
  }

  #onLeaseFailure(cause: unknown): void {
    this.#host.error(new SshServerError('ERR_SSH_POLICY_FAILED', `a lease threw: ${messageOf(cause)}`, { cause }));
  }

  #hasEnded(): boolean {
    return this.#ended;
  }

  #connectionHeld(): Held {
    const bytes = (field: 'bytesReceived' | 'bytesSent'): number => {
      let sum = field === 'bytesReceived' ? this.#bytesReceived : this.#bytesSent;
      for (const channel of this.#host.openChannels()) sum += channel[field];
      return sum;
    };
    const traffic = (): Traffic => (this.#traffic ??= new Traffic());
    const authenticated = (): Observable<Identity> => this.#whenAuthenticated();
    return {
      kind: 'connection',
      connection: this.#host.connection,
      channelType: undefined,
      clock: this.#host.clock,
      get bytesReceived() {
        return bytes('bytesReceived');
      },
      get bytesSent() {
        return bytes('bytesSent');
      },
      get activity() {
        return traffic().ofConnection;
      },
      get authenticated() {
        return authenticated();
      },
    };
  }

  #channelHeld(channel: SshChannel): Held {
    const traffic = (): Traffic => (this.#traffic ??= new Traffic());
    const authenticated = (): Observable<Identity> => this.#whenAuthenticated();
    return {
      kind: 'channel',
      connection: this.#host.connection,
      channelType: channel.channelType,
      clock: this.#host.clock,
      get bytesReceived() {
        return channel.bytesReceived;
      },
      get bytesSent() {
        return channel.bytesSent;
      },
      get activity() {
        return traffic().ofChannel(channel);
      },
      get authenticated() {
        return authenticated();
      },
    };
  }

  #whenAuthenticated(): Observable<Identity> {
    if (this.#authenticated === undefined) {
      this.#authenticated = new ReplaySubject(1);
      const { identity } = this.#host.connection;
      if (identity !== undefined) this.authenticate(identity);
    }
    return this.#authenticated.asObservable();
  }
}
