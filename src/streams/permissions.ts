import { EMPTY, Observable, Subject, Subscription } from 'rxjs';

import { messageOf, SshServerError } from '../errors.js';
import type { SshChannel } from '../protocol/channels/ssh-channel.js';
import { after, type Clock } from './clock.js';
import type { Connection } from './connection.js';
import { DenyReason } from './deny-reason.js';
import type { Edge, Settlement } from './edge.js';
import type { SshRequest } from './events/ssh-request.js';
import type { Held } from './held.js';
import { type Grant, Holding } from './holding.js';
import type { Identity } from './identity.js';
import type { Lease, LeaseRevocation } from './lease.js';
import { LiveHeld } from './live-held.js';
import { Narrowings } from './narrowings.js';
import type { Replacement } from './policy-chains.js';
import { unmetBy } from './requirements/auth-progress.js';
import type { AuthRequirement } from './requirements/auth-requirement.js';
import { passedStepOf } from './requirements/passed-step.js';
import type { Revocation } from './revocation.js';
import { Restrictions } from './restrictions.js';
import { LAST_WORDS_MS, revokeChannel } from './revoke-channel.js';
import { spokenText } from './spoken-text.js';
import { tellUser } from './tell-user.js';
import { Traffic } from './traffic.js';
import type { Declined, GrantedVerdict } from './verdict.js';

/** What {@link Permissions} need of the connection they belong to. */
export interface PermissionsHost {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly edge: Edge;
  /** The channels that are open, none before the protocol has begun. */
  openChannels(): Iterable<SshChannel>;
  /** Shows a text by SSH_MSG_DEBUG (RFC 4253 section 11.3), if the connection has got that far. */
  debug(text: string): void;
  /** Fixes the report that the program on a channel was ended by SIGTERM. @returns sends it */
  reportSignal(channel: SshChannel, message: string): () => void;
  disconnect(message: string): void;
  status(message: string): void;
  error(error: SshServerError): void;
}

/** What a channel was granted. */
interface ChannelPermissions {
  readonly holding: Holding;
  readonly narrowings: Narrowings;
  /** The first revocation, of the channel or of its connection. */
  revoked: Revocation | undefined;
  /** What is to happen until the channel has closed, once it was revoked. */
  ending: Subscription | undefined;
}

const REVOKED: Declined = { by: 'revocation', reason: DenyReason.Revoked };
const TOO_MUCH_HELD: Declined = { by: 'grants with leases', reason: DenyReason.LimitReached };

/**
 * What one connection and each of its channels may do, for as long as they may: the grants with their leases, what the leases
 * narrow, and how it ends when one of them takes a grant back.
 */
export class Permissions {
  readonly #host: PermissionsHost;
  readonly #holding: Holding;
  readonly #narrowings: Narrowings;
  #channels: Map<SshChannel, ChannelPermissions> | undefined;
  #traffic: Traffic | undefined;
  /** Made with the first lease that waits for it. */
  #authenticated: Subject<Identity> | undefined;
  /** Payload of the channels that have closed. */
  #bytesReceived = 0;
  #bytesSent = 0;
  #restrictions: Restrictions | undefined;
  #revoked: Revocation | undefined;
  #ending: Subscription | undefined;
  #telling = false;
  #ended = false;

  constructor(host: PermissionsHost) {
    this.#host = host;
    this.#narrowings = new Narrowings(host.clock);
    this.#holding = new Holding(host.edge, () => this.#connectionHeld(), {
      warn: (message) => {
        this.#warn(spokenText(message));
      },
      narrow: (lease, narrowing) => {
        this.#narrowings.set(lease, narrowing, this.#host.openChannels());
      },
      fail: (cause) => {
        this.#onLeaseFailure(cause);
      },
      attach: this.#restrict,
      unmet: this.#unmet,
      revoke: (revocation, grant) => {
        this.#revokeConnection(revocation, grant);
      },
    });
  }

  /** Why the permission to be connected was taken back, if it was. */
  get revoked(): Revocation | undefined {
    return this.#revoked;
  }

  /** What the connection may not do, whatever the policies say; undefined if nothing restricts it. */
  get restrictions(): Restrictions | undefined {
    return this.#restrictions;
  }

  /** The connection was granted something. A lease may take it back at once. */
  grant(verdict: GrantedVerdict<SshRequest>, settlement: Settlement): void {
    this.#restrict(verdict.leases);
    if (!this.#ended) this.#holding.add(verdict, settlement, this.#host.clock.now());
  }

  /** A channel was granted something. */
  grantChannel(channel: SshChannel, verdict: GrantedVerdict<SshRequest>, settlement: Settlement): void {
    this.#restrict(verdict.leases);
    if (this.#ended || channel.closing) return;
    this.#permissionsOf(channel).holding.add(verdict, settlement, this.#host.clock.now());
  }

  /** Whether every one of `leases` is held already, for the connection or for one channel. */
  holds(leases: readonly Lease[], channel?: SshChannel): boolean {
    if (leases.length === 0) return true;
    return this.#holdingOf(channel)?.holds(leases) === true;
  }

  /** Why the connection, or one channel, may have nothing more, or nothing with `leases`; undefined if it may. */
  refusal(leases: readonly Lease[], channel?: SshChannel): Declined | undefined {
    if (this.isEnding(channel)) return REVOKED;
    const isTooMuch = this.#holdingOf(channel)?.full === true && !this.holds(leases, channel);
    return isTooMuch ? TOO_MUCH_HELD : undefined;
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
    this.#narrowings.addTo(channel);
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
    permissions?.narrowings.end();
    return permissions?.revoked;
  }

  /** The last channel has closed. */
  channelsGone(): void {
    if (this.#revoked !== undefined) this.#host.disconnect(this.#revoked.message);
  }

  /** Policies were replaced: see {@link Holding.reevaluate}. */
  reevaluate(replacement: Replacement): void {
    this.#holding.reevaluate(replacement);
    for (const { holding } of [...(this.#channels?.values() ?? [])]) {
      if (this.isEnding()) return;
      holding.reevaluate(replacement);
    }
  }

  /** The connection is no more. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#holding.end();
    this.#ending?.unsubscribe();
    this.#narrowings.end();
    for (const channel of [...(this.#channels?.keys() ?? [])]) this.channelClosed(channel);
    this.#traffic?.end();
    this.#authenticated?.complete();
  }

  /** Whatever a lease is attached to, what it restricts is the connection, to its end. */
  readonly #restrict = (leases: readonly Lease[]): void => {
    this.#restrictions = Restrictions.collect(leases, this.#restrictions);
  };

  /** New policies may want more steps than the sign-in had. One of a single step is not listed in the identity. */
  readonly #unmet = (requires: readonly AuthRequirement[], { request, by }: Grant): AuthRequirement | undefined => {
    if (request.type !== 'SSHUserAuthRequest') return undefined;
    const steps = this.#host.connection.identity?.steps ?? [passedStepOf(request, by)];
    return unmetBy(requires, steps)[0];
  };

  #holdingOf(channel: SshChannel | undefined): Holding | undefined {
    return channel === undefined ? this.#holding : this.#channels?.get(channel)?.holding;
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
    const narrowings = new Narrowings(this.#host.clock);
    const permissions: ChannelPermissions = {
      revoked: undefined,
      ending: undefined,
      narrowings,
      holding: new Holding(this.#host.edge, () => this.#channelHeld(channel), {
        warn: (message) => {
          const text = spokenText(message);
          if (!this.#tell(channel, text)) this.#host.debug(text);
        },
        narrow: (lease, narrowing) => {
          narrowings.set(lease, narrowing, [channel]);
        },
        fail: (cause) => {
          this.#onLeaseFailure(cause);
        },
        attach: this.#restrict,
        unmet: this.#unmet,
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
      permissions.revoked ??= this.#revoked;
      this.#endChannel(channel, permissions, message, graceMs);
    }
  }

  #revokeChannel(
    channel: SshChannel,
    permissions: ChannelPermissions,
    { by, reason, graceMs }: Required<LeaseRevocation>,
    grant: Grant,
  ): void {
    const revocation: Revocation = { by, message: spokenText(reason) };
    permissions.revoked = revocation;
    this.#host.edge.revoked(grant.request, revocation, grant.at, grant.grantedAt);
    // An observer of the event may have ended the connection.
    if (channel.closed) return;
    if (channel.session === undefined) this.#host.debug(revocation.message);
    this.#endChannel(channel, permissions, revocation.message, graceMs);
  }

  /** May come twice, for the channel and then for its connection: the first grace that is over ends the channel. */
  #endChannel(channel: SshChannel, permissions: ChannelPermissions, message: string, graceMs: number): void {
    // What slows the channel down must not keep it open.
    permissions.narrowings.end();
    const ending = revokeChannel(channel, {
      clock: this.#host.clock,
      message,
      graceMs,
      reportSignal: () => this.#host.reportSignal(channel, message),
    });
    permissions.ending ??= new Subscription();
    permissions.ending.add(ending);
    if (channel.closed) permissions.ending.unsubscribe();
  }

  #onLeaseFailure(cause: unknown): void {
    this.#host.error(new SshServerError('ERR_SSH_POLICY_FAILED', `a lease failed: ${messageOf(cause)}`, { cause }));
  }

  #hasEnded(): boolean {
    return this.#ended;
  }

  #connectionHeld(): Held {
    const { connection, clock } = this.#host;
    return new LiveHeld(connection, undefined, clock, {
      bytes: (field) => {
        let sum = field === 'bytesReceived' ? this.#bytesReceived : this.#bytesSent;
        for (const channel of this.#host.openChannels()) sum += channel[field];
        return sum;
      },
      grantedAt: (type) => this.#holding.grantedAt(type),
      activity: () => (this.#ended ? EMPTY : (this.#traffic ??= new Traffic()).ofConnection),
      authenticated: () => this.#whenAuthenticated(),
    });
  }

  #channelHeld(channel: SshChannel): Held {
    const { connection, clock } = this.#host;
    return new LiveHeld(connection, channel.channelType, clock, {
      bytes: (field) => channel[field],
      grantedAt: (type) => this.#holdingOf(channel)?.grantedAt(type),
      activity: () => (channel.closed ? EMPTY : (this.#traffic ??= new Traffic()).ofChannel(channel)),
      authenticated: () => this.#whenAuthenticated(),
    });
  }

  #whenAuthenticated(): Observable<Identity> {
    return new Observable((subscriber) => {
      const { identity } = this.#host.connection;
      if (identity === undefined && !this.#ended) return (this.#authenticated ??= new Subject()).subscribe(subscriber);
      if (identity !== undefined) subscriber.next(identity);
      subscriber.complete();
      return undefined;
    });
  }
}
