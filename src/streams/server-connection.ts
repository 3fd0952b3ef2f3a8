import type { Subscription } from 'rxjs';

import { messageOf, SshServerError } from '../errors.js';
import type { Arrival } from '../protocol/arrival.js';
import type { AuthAttempt, AuthOutcome } from '../protocol/authentication/auth-attempt.js';
import { startsProgram } from '../protocol/channels/session-request.js';
import type { SshChannel } from '../protocol/channels/ssh-channel.js';
import type {
  ChannelOpenAnswer,
  ChannelOpenQuestion,
  ChannelRequestAnswer,
  ChannelRequestQuestion,
  ConnectionAuthority,
  GlobalRequestAnswer,
  GlobalRequestQuestion,
} from '../protocol/connection-authority.js';
import { UserauthBanner } from '../protocol/messages/userauth-banner.js';
import { hostKeyAnnouncement } from '../protocol/host-keys/announce-host-keys.js';
import { SshConnection } from '../protocol/ssh-connection.js';
import { Debug } from '../transport/messages/debug.js';
import type { DisconnectReasonName } from '../transport/messages/disconnect-reason.js';
import type { NegotiatedAlgorithms, TransportEnd } from '../transport/transport-listener.js';
import { userAuthRequestOf } from './auth-request.js';
import type { Channel, ServeChannel } from './channel.js';
import { type ChannelId, channelId } from './channel-id.js';
import { after } from './clock.js';
import type { Connection } from './connection.js';
import type { ConnectionInfo } from './connection-info.js';
import { connectionGreeting } from './connection-greeting.js';
import { ConnectionLog } from './connection-log.js';
import { ConnectionNotices } from './connection-notices.js';
import { DenyReason } from './deny-reason.js';
import type { PendingDecision, Settle, Settlement } from './edge.js';
import type { SshRequest, SshRequestType, SshRequests } from './events/ssh-request.js';
import type { SSHUserAuthRequest } from './events/ssh-user-auth-request.js';
import { hasIllegalName } from './has-illegal-name.js';
import { HostKeyProofs } from './host-key-proofs.js';
import type { Identity } from './identity.js';
import type { Lease } from './lease.js';
import { openFailureOf } from './open-failure.js';
import { Permissions } from './permissions.js';
import type { Replacement } from './policy-chains.js';
import { SignIn } from './requirements/sign-in.js';
import type { Revocation } from './revocation.js';
import { ServerChannel } from './server-channel.js';
import type { ServerContext } from './server-context.js';
import { UserAuthBanner } from './user-auth-banner.js';
import type { Declined, GrantedVerdict, PolicyName } from './verdict.js';

/** Stands in requests that cannot happen before somebody has authenticated. */
const NOBODY: Identity = { user: '', method: 'none' };

const SHUTTING_DOWN: Declined = { by: 'shutdown', reason: DenyReason.ShuttingDown };
const ILLEGAL_NAME: Declined = { by: 'legal names', reason: DenyReason.IllegalName };
const ONE_PROGRAM: Declined = { by: 'one program a channel', reason: DenyReason.LimitReached };

/** As the policy `loginGrace` says it, whose simplest form this is. */
const GRACE_EXCEEDED: Revocation = { by: 'loginGrace', message: 'the login took too long' };

/** One connection of a server: asks the policies what the protocol wants to know, and keeps what they grant. */
export class ServerConnection implements ConnectionAuthority, Connection {
  readonly info: ConnectionInfo;
  readonly #context: ServerContext;
  #protocol: SshConnection | undefined;
  #identity: Identity | undefined;
  readonly #notices: ConnectionNotices;
  readonly #log: ConnectionLog;
  readonly #permissions: Permissions;
  /** While nobody has got in. */
  #signIn: SignIn | undefined;
  #clientVersion = '';
  #algorithms: NegotiatedAlgorithms | undefined;
  /** Turns the peer away before the protocol has begun. */
  #refuse: (() => void) | undefined;
  #graceTimer: Subscription | undefined;
  /** Questions that the policies still think about. */
  #pending: Set<PendingDecision> | undefined;
  /** The channels that something runs on. Few, so a list. */
  #channels: ServerChannel[] | undefined;
  #channelCount = 0;
  #banner: UserAuthBanner | undefined;
  /** Made when the client asks. */
  #hostKeyProofs: HostKeyProofs | undefined;
  #graceExceeded = false;
  #ended = false;

  constructor(info: ConnectionInfo, context: ServerContext) {
    this.info = info;
    this.#context = context;
    this.#notices = new ConnectionNotices(info, context.hub);
    this.#log = new ConnectionLog(info, context.hub, context.logLevel);
    this.#permissions = new Permissions({
      connection: this,
      clock: context.clock,
      edge: context.edge,
      openChannels: () => this.#protocol?.channels ?? [],
      debug: (text) => {
        this.#debug(text);
      },
      reportSignal: (channel, message) => this.#channelOf(channel).reportSignal('TERM', message),
      disconnect: (message) => {
        this.disconnect(message);
      },
      status: (message) => {
        this.#log.userTold(message);
      },
      error: (error) => {
        this.#notices.error(error);
      },
    });
  }

  get identity(): Identity | undefined {
    return this.#identity;
  }

  get clientVersion(): string {
    return this.#clientVersion;
  }

  get algorithms(): NegotiatedAlgorithms | undefined {
    return this.#algorithms;
  }

  get channelCount(): number {
    return this.#channelCount;
  }

  /** Whether a user has got in. */
  get authenticated(): boolean {
    return this.#identity !== undefined;
  }

  get authMethods(): readonly string[] {
    return this.#context.authMethods;
  }

  get publicKeySignatures(): readonly string[] | undefined {
    return this.#context.publicKeySignatures;
  }

  /** Asks whether the client may connect, and if so starts the protocol. */
  begin(arrival: Arrival): void {
    const refuse = (): void => {
      this.#ended = true;
      this.#graceTimer?.unsubscribe();
      this.#permissions.end();
      this.#cancelPending();
      arrival.turnAway();
      this.#context.release(this);
    };
    this.#refuse = refuse;
    const stopWaiting = arrival.whenGone(refuse);
    if (arrival.isGone) {
      refuse();
      return;
    }
    this.#graceTimer = after(this.#context.clock, this.#context.loginGraceMs, () => {
      this.#graceExceeded = true;
      this.disconnect(GRACE_EXCEEDED.message);
    });
    this.#decide({ type: 'ConnectionRequest', connection: this.info }, (verdict, settlement) => {
      if (this.#ended) return;
      if (verdict.state === 'denied') {
        this.#log.connectionRefused(verdict);
        refuse();
        return;
      }
      this.#permissions.grant(verdict, settlement);
      // A lease may have been revoked at once.
      if (this.#hasEnded()) return;
      stopWaiting();
      this.#start(arrival);
    });
  }

  disconnect(description: string, reason: DisconnectReasonName = 'BY_APPLICATION'): void {
    if (this.#protocol === undefined) this.#refuse?.();
    else this.#protocol.transport.disconnect(reason, description);
  }

  exchangeKeys(): void {
    // From a fresh turn: inside a packet being sent the engine would encrypt with two keys at once.
    after(this.#context.clock, 0, () => {
      if (!this.#ended) this.#protocol?.transport.rekey();
    });
  }

  /** Drops the connection without a word. */
  destroy(description: string): void {
    if (this.#protocol === undefined) this.#refuse?.();
    else this.#protocol.transport.destroy(description);
  }

  decideService(service: string, answer: (granted: boolean) => void): void {
    this.#decide({ type: 'SSHServiceRequest', connection: this.info, service }, (verdict, settlement) => {
      if (verdict.state === 'granted') {
        this.#log.serviceAccepted(service);
        this.#hold(verdict, settlement);
      } else this.#log.serviceRefused(service, verdict);
      answer(verdict.state === 'granted');
    });
  }

  decideAuth(attempt: AuthAttempt, answer: (outcome: AuthOutcome) => void): void {
    const signIn = (this.#signIn ??= new SignIn(this.#context.authMethods));
    const request = userAuthRequestOf(attempt, this.info, signIn.passedBy(attempt));
    this.#log.authRequested(attempt);
    this.#showBanner(request);
    // Whoever heard of it may have ended the connection.
    if (this.#ended) return;
    this.#decide<'SSHUserAuthRequest'>(request, (verdict, settlement) => {
      const outcome = signIn.conclude(request, verdict, settlement);
      if (verdict.state === 'denied' && outcome.type === 'failure') this.#log.authFailed(attempt, verdict);
      else if (outcome.type !== 'success') this.#log.authAnswered(attempt, outcome.type);
      answer(outcome);
    });
  }

  decideChannelOpen(channel: SshChannel, question: ChannelOpenQuestion, answer: (it: ChannelOpenAnswer) => void): void {
    const request = {
      type: 'SSHChannelOpenRequest',
      connection: this.info,
      identity: this.#identity ?? NOBODY,
      channel: this.#idOf(channel),
      ...question,
    } as const;
    this.#decide(
      request,
      (verdict, settlement) => {
        if (verdict.state === 'denied') {
          this.#log.channelRefused(question.channelType, verdict);
          answer({ granted: false, reason: openFailureOf(verdict.reason) });
          return;
        }
        const accepted = (): void => {
          this.#permissions.grantChannel(channel, verdict, settlement);
        };
        answer({ granted: true, accepted, ...this.#serving(channel, verdict) });
      },
      channel,
    );
  }

  decideChannelRequest(
    channel: SshChannel,
    question: ChannelRequestQuestion,
    answer: (it: ChannelRequestAnswer) => void,
  ): void {
    const instead = this.#permissions.restrictions?.programFor(question) ?? question;
    if (instead !== question) {
      this.#log.commandForced(question.requestType);
      // Whoever heard of it may have ended the connection.
      if (this.#ended) return;
    }
    const request = {
      type: 'SSHChannelRequest',
      ...this.#contentOf(channel, instead),
    } as const;
    this.#decide(
      request,
      (verdict, settlement) => {
        const environment = [...(this.#permissions.restrictions?.environmentFor(question) ?? [])];
        if (verdict.state === 'denied' || !environment.every((entry) => channel.session?.setVariable(...entry))) {
          this.#log.channelRequested(channel, question.requestType, false);
          answer({ granted: false });
          return;
        }
        const accepted = (): void => {
          this.#hold(verdict, settlement, channel);
        };
        answer({ granted: true, instead, accepted, ...this.#serving(channel, verdict) });
      },
      channel,
    );
  }

  decideGlobalRequest(question: GlobalRequestQuestion, answer: (it: GlobalRequestAnswer) => void): void {
    const request = {
      type: 'SSHGlobalRequest',
      connection: this.info,
      identity: this.#identity ?? NOBODY,
      ...question,
    } as const;
    this.#decide(request, (verdict, settlement) => {
      if (verdict.state === 'granted') this.#hold(verdict, settlement);
      // A lease may have taken it back at once.
      const granted = verdict.state === 'granted' && !this.#permissions.isEnding();
      this.#log.globalRequested(question.requestType, granted);
      const { detail } = question;
      if (granted && detail.type === 'hostkeys-prove-00@openssh.com') this.#proveHostKeys(detail.hostKeys, answer);
      else answer({ granted });
    });
  }

  onIdentification(line: string): void {
    this.#clientVersion = line;
    this.#log.identified(line);
    if (this.#context.admitsClient?.(line) === false) {
      this.#log.clientRefused(line);
      this.disconnect('the server does not serve such a client', 'PROTOCOL_VERSION_NOT_SUPPORTED');
    }
    // What begins it is sent next.
    this.#log.keyExchangeBegun('server', 1);
  }

  onKeyExchangeBegun(by: 'client' | 'server', ordinal: number): void {
    this.#log.keyExchangeBegun(by, ordinal);
  }

  onAlgorithmsNegotiated(algorithms: NegotiatedAlgorithms, ordinal: number): void {
    this.#log.algorithmsNegotiated(algorithms, ordinal);
  }

  onPacket(direction: 'in' | 'out', number: number, length: number): void {
    this.#log.packet(direction, number, length);
  }

  onKeysExchanged(algorithms: NegotiatedAlgorithms, ordinal: number): void {
    this.#algorithms = algorithms;
    this.#log.keysExchanged(algorithms, ordinal);
  }

  onAuthenticated(): void {
    this.#graceTimer?.unsubscribe();
    this.#graceTimer = undefined;
    const { identity, grants } = this.#signIn?.signedIn ?? { identity: NOBODY, grants: [] };
    this.#signIn = undefined;
    this.#identity = identity;
    this.#log.authenticated(identity);
    this.#context.authenticated(this);
    this.#permissions.authenticate(identity);
    // Late, since a lease may end the connection at once.
    for (const { verdict, settlement } of grants) this.#permissions.grant(verdict, settlement);
    const announcement = hostKeyAnnouncement(this.#context.transport.hostKeys(), this.#clientVersion);
    if (announcement !== undefined) this.#protocol?.transport.send(announcement);
  }

  onChannelOpened(channel: SshChannel): void {
    this.#channelCount += 1;
    this.#permissions.channelOpened(channel);
    this.#notices.channelOpened(channel);
    this.#log.channelOpened(channel);
  }

  onChannelRequested(channel: SshChannel, question: ChannelRequestQuestion): void {
    this.#notices.channelRequested(channel, this.#identity ?? NOBODY, question);
    this.#log.channelRequested(channel, question.requestType, true);
  }

  onChannelData(channel: SshChannel, data: Buffer, dataType: number): void {
    this.#permissions.moved(channel, data.length);
    this.#notices.channelData(channel, data, dataType);
  }

  onChannelSent(channel: SshChannel, length: number): void {
    this.#permissions.moved(channel, length);
  }

  onChannelEof(channel: SshChannel): void {
    this.#notices.channelEof(channel);
    this.#log.channelEof(channel);
  }

  onChannelReadyToSend(channel: SshChannel): void {
    this.#notices.channelReadyToSend(channel);
  }

  onChannelClosed(channel: SshChannel): void {
    this.#channelCount -= 1;
    const revoked = this.#permissions.channelClosed(channel);
    const index = this.#channels?.findIndex((it) => it.stands(channel)) ?? -1;
    const exit = index === -1 ? undefined : this.#channels?.splice(index, 1)[0]?.exit;
    this.#notices.channelClosed(channel, exit, revoked);
    this.#log.channelClosed(channel);
    if (this.#channelCount === 0) this.#permissions.channelsGone();
    this.#context.channelClosed(this);
  }

  onEnd(end: TransportEnd): void {
    this.#ended = true;
    this.#graceTimer?.unsubscribe();
    this.#permissions.end();
    this.#cancelPending();
    this.#hostKeyProofs?.end();
    if (end.error !== undefined) this.#notices.error(end.error);
    this.#log.disconnected(end);
    const revoked = this.#graceExceeded ? GRACE_EXCEEDED : this.#permissions.revoked;
    this.#notices.disconnected(end, this.#identity, revoked, {
      bytesReceived: this.#protocol?.transport.bytesRead ?? 0,
      bytesSent: this.#protocol?.transport.bytesWritten ?? 0,
    });
    this.#context.release(this);
  }

  /** Policies were replaced: asks the new ones about what was granted here. */
  reevaluate(replacement: Replacement): void {
    this.#permissions.reevaluate(replacement);
  }

  #start(arrival: Arrival): void {
    this.#refuse = undefined;
    this.#protocol = new SshConnection(arrival, this.#context.transport, this.#context.limits, this);
    this.#notices.connected();
    this.#log.connected();
    this.#protocol.start(this.#greeting());
  }

  #proveHostKeys(asked: readonly Buffer[], answer: (it: GlobalRequestAnswer) => void): void {
    this.#hostKeyProofs ??= new HostKeyProofs({
      settings: this.#context.transport,
      onError: (error) => {
        this.#notices.error(error);
      },
    });
    const session = {
      sessionId: this.#protocol?.transport.sessionId ?? Buffer.alloc(0),
      negotiated: this.#algorithms?.hostKey ?? '',
    };
    this.#hostKeyProofs.prove(asked, session, (data) => {
      answer(data === undefined ? { granted: false } : { granted: true, data });
    });
  }

  #greeting(): Buffer | undefined {
    const { greeting, transport } = this.#context;
    if (greeting === undefined || this.#ended) return undefined;
    const lines = connectionGreeting(greeting, this.info, transport.identification, (error) => {
      this.#notices.error(error);
    });
    if (lines !== undefined) this.#log.greetingSent(lines.length);
    return lines;
  }

  #showBanner(request: SSHUserAuthRequest): void {
    const { banner } = this.#context;
    // Whoever makes the banner would have to escape an illegal name, and it is refused at once.
    if (banner === undefined || this.#ended || hasIllegalName(request)) return;
    this.#banner ??= new UserAuthBanner(banner, (error) => {
      this.#notices.error(error);
    });
    const message = this.#banner.for(request);
    if (message === undefined) return;
    this.#protocol?.transport.send(UserauthBanner.encode({ message, languageTag: '' }));
    this.#log.bannerSent(message.length);
  }

  #hasEnded(): boolean {
    return this.#ended;
  }

  #idOf(channel: SshChannel): ChannelId {
    return channelId(this.info.id, channel.localNumber);
  }

  #contentOf(channel: SshChannel, question: ChannelRequestQuestion) {
    return {
      connection: this.info,
      identity: this.#identity ?? NOBODY,
      channel: this.#idOf(channel),
      channelType: channel.channelType,
      ...question,
    };
  }

  #channelOf(channel: SshChannel): ServerChannel {
    this.#channels ??= [];
    let known = this.#channels.find((it) => it.stands(channel));
    if (known === undefined) {
      const id = this.#idOf(channel);
      known = new ServerChannel(channel, id, this.info, this.#identity ?? NOBODY);
      this.#channels.push(known);
    }
    return known;
  }

  #serve(channel: SshChannel, serve: ServeChannel, by: PolicyName): void {
    const fail = (cause: unknown): void => {
      const error = new SshServerError(
        'ERR_SSH_HANDLER_FAILED',
        `what ${by} runs on the channel failed: ${messageOf(cause)}; the channel was closed`,
        { cause },
      );
      this.#notices.error(error, { channel: this.#idOf(channel), source: by });
      channel.abort();
    };
    try {
      // An async function may stand in for one that returns nothing.
      const run: (channel: Channel) => unknown = serve;
      const result = run(this.#channelOf(channel));
      if (result instanceof Promise) result.catch(fail);
    } catch (cause) {
      fail(cause);
    }
  }

  #decide<Type extends SshRequestType>(
    request: SshRequests[Type] & { readonly type: Type },
    settle: Settle<SshRequests[Type]>,
    channel?: SshChannel,
  ): void {
    const open: { question: PendingDecision | undefined } = { question: undefined };
    open.question = this.#context.edge.decide<Type>(
      request,
      (verdict, settlement) => {
        if (open.question !== undefined) this.#settled(open.question);
        this.#answer(request, () => {
          settle(verdict, settlement);
        });
      },
      {
        isGone: () => this.#ended,
        refusal: (leases) => this.#refusal(request, leases, channel),
      },
    );
    if (open.question !== undefined) (this.#pending ??= new Set()).add(open.question);
  }

  /** Why `request` cannot be granted in the state that the connection is in. */
  #refusal(request: SshRequest, leases: readonly Lease[], channel: SshChannel | undefined): Declined | undefined {
    if (request.type === 'SSHChannelOpenRequest' && this.#context.draining) return SHUTTING_DOWN;
    if (request.type === 'SSHUserAuthRequest' && hasIllegalName(request)) return ILLEGAL_NAME;
    const isSecond = channel?.session?.program !== undefined && 'requestType' in request;
    if (isSecond && startsProgram(request.requestType)) return ONE_PROGRAM;
    return this.#permissions.refusal(leases, channel) ?? this.#permissions.restrictions?.refusal(request);
  }

  /**
   * Keeps a grant. Programs are asked about again when policies are replaced; of the many small requests only those that come
   * with a lease of their own.
   */
  #hold(verdict: GrantedVerdict<SshRequest>, settlement: Settlement, channel?: SshChannel): void {
    const { request, leases } = verdict;
    const isProgram = request.type === 'SSHChannelRequest' && startsProgram(request.requestType);
    if (!isProgram && this.#permissions.holds(leases, channel)) return;
    if (channel === undefined) this.#permissions.grant(verdict, settlement);
    else this.#permissions.grantChannel(channel, verdict, settlement);
  }

  /** Gives an answer. What makes it up comes from policies, and one that cannot be sent costs its connection only. */
  #answer(request: SshRequest, give: () => void): void {
    try {
      give();
    } catch (cause) {
      const text = `the answer to ${request.type} could not be given, so its connection was closed: ${messageOf(cause)}`;
      this.#notices.error(new SshServerError('ERR_SSH_POLICY_FAILED', text, { cause }));
      this.disconnect('the server failed');
    }
  }

  #settled(question: PendingDecision): void {
    this.#pending?.delete(question);
    // Most connections never have a question open again.
    if (this.#pending?.size === 0) this.#pending = undefined;
  }

  #cancelPending(): void {
    if (this.#pending === undefined) return;
    for (const decision of this.#pending) decision.cancel();
    this.#pending = undefined;
  }

  #serving(channel: SshChannel, { serve, by }: GrantedVerdict<SshRequest>): { readonly serve?: () => void } {
    if (serve === undefined) return {};
    const run = this.#context.rehearsing ? discardInput : serve;
    return {
      serve: () => {
        // What was granted may have been taken back at once.
        if (!this.#permissions.isEnding(channel)) this.#serve(channel, run, by);
      },
    };
  }

  /** Clients show it where their user has asked for that, as `ssh -v` does. */
  #debug(message: string): void {
    if (this.#ended || this.#algorithms === undefined) return;
    this.#protocol?.transport.send(Debug.encode({ alwaysDisplay: true, message, languageTag: '' }));
  }
}

/** Stands for a program in a rehearsal: what is not read would be held back by the window. */
const discardInput: ServeChannel = (channel) => {
  channel.openInput().resume();
};
