import type { Duplex } from 'node:stream';

import { Subscription } from 'rxjs';

import { messageOf, SshServerError } from '../errors.js';
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
import { SshConnection } from '../protocol/ssh-connection.js';
import type { DisconnectReasonName } from '../transport/messages/disconnect-reason.js';
import { printable } from '../transport/printable.js';
import type { NegotiatedAlgorithms, TransportEnd } from '../transport/transport-listener.js';
import { userAuthRequestOf } from './auth-request.js';
import type { Channel, ServeChannel } from './channel.js';
import { type ChannelId, channelId } from './channel-id.js';
import { after } from './clock.js';
import type { Connection } from './connection.js';
import type { ConnectionInfo } from './connection-info.js';
import { DenyReason } from './deny-reason.js';
import type { FinalVerdict, PendingDecision } from './edge.js';
import type { SshRequest, SshRequestType, SshRequests } from './events/ssh-request.js';
import type { SSHUserAuthRequest } from './events/ssh-user-auth-request.js';
import type { Identity } from './identity.js';
import type { Lease } from './lease.js';
import { holdLeases } from './lease-holder.js';
import { openFailureOf } from './open-failure.js';
import { ServerChannel } from './server-channel.js';
import type { ServerContext } from './server-context.js';
import type { PolicyName } from './verdict.js';

/** Stands in requests that cannot happen before somebody has authenticated. */
const NOBODY: Identity = { user: '', method: 'none' };

/** How long a client may take to read the last words on a channel whose grant was revoked, in milliseconds. */
const REVOCATION_GRACE_MS = 5000;

/** One connection of a server: asks the policies what the protocol wants to know, and makes events of what happens. */
export class ServerConnection implements ConnectionAuthority, Connection {
  readonly info: ConnectionInfo;
  readonly #context: ServerContext;
  #protocol: SshConnection | undefined;
  #identity: Identity | undefined;
  /** What a policy has granted; void unless the protocol, which has the last word on proofs, agrees. */
  #granted: { readonly identity: Identity; readonly leases: readonly Lease[] } | undefined;
  #clientVersion = '';
  #algorithms: NegotiatedAlgorithms | undefined;
  /** Turns the peer away before the protocol has begun. */
  #refuse: (() => void) | undefined;
  #graceTimer: Subscription | undefined;
  #leases: Subscription | undefined;
  /** Questions that the policies still think about. */
  #pending: Set<PendingDecision> | undefined;
  /** The channels that something runs on. Few, so a list. */
  #channels: ServerChannel[] | undefined;
  #channelLeases: Map<SshChannel, Subscription> | undefined;
  #channelCount = 0;
  #ended = false;

  constructor(info: ConnectionInfo, context: ServerContext) {
    this.info = info;
    this.#context = context;
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
    return this.#protocol?.authenticated ?? false;
  }

  get authMethods(): readonly string[] {
    return this.#context.authMethods;
  }

  /** Asks whether the peer may connect, and if so starts the protocol on `stream`. */
  begin(stream: Duplex): void {
    const refuse = (): void => {
      this.#ended = true;
      this.#graceTimer?.unsubscribe();
      this.#cancelPending();
      stream.destroy();
      this.#context.release(this);
    };
    const onClose = (): void => {
      refuse();
      stream.off('error', refuse).off('close', onClose);
    };
    this.#refuse = refuse;
    // Until the protocol listens, a peer that resets the connection must not end the process.
    stream.on('error', refuse);
    stream.on('close', onClose);
    if (stream.destroyed || stream.readableEnded) {
      refuse();
      return;
    }
    this.#graceTimer = after(this.#context.clock, this.#context.loginGraceMs, () => {
      this.disconnect('the login took too long');
    });
    this.#decide({ type: 'ConnectionRequest', connection: this.info }, (verdict) => {
      if (this.#ended) return;
      if (verdict.state === 'denied') {
        refuse();
        return;
      }
      this.#hold(verdict.leases);
      // A lease may have been revoked at once.
      if (this.#hasEnded()) return;
      stream.off('error', refuse).off('close', onClose);
      this.#start(stream);
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
    this.#decide({ type: 'SSHServiceRequest', connection: this.info, service }, (verdict) => {
      if (verdict.state === 'granted') {
        this.#status(`service ${printable(service)} accepted`);
        this.#hold(verdict.leases);
      }
      answer(verdict.state === 'granted');
    });
  }

  decideAuth(attempt: AuthAttempt, answer: (outcome: AuthOutcome) => void): void {
    const request = userAuthRequestOf(attempt, this.info);
    this.#decide<'SSHUserAuthRequest'>(request, (verdict) => {
      answer(this.#authOutcome(request, attempt, verdict));
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
    if (this.#context.draining) {
      this.#context.edge.refuse(request, 'shutdown', DenyReason.ShuttingDown);
      answer({ granted: false, reason: 'RESOURCE_SHORTAGE' });
      return;
    }
    this.#decide(request, (verdict) => {
      if (verdict.state === 'denied') {
        answer({ granted: false, reason: openFailureOf(verdict.reason) });
        return;
      }
      const { serve, leases } = verdict;
      answer(
        serve === undefined
          ? { granted: true }
          : {
              granted: true,
              serve: () => {
                this.#serve(channel, serve, verdict.by);
              },
            },
      );
      this.#holdForChannel(channel, leases);
    });
  }

  decideChannelRequest(
    channel: SshChannel,
    question: ChannelRequestQuestion,
    answer: (it: ChannelRequestAnswer) => void,
  ): void {
    const request = {
      type: 'SSHChannelRequest',
      ...this.#contentOf(channel, question),
    } as const;
    if (startsProgram(question.requestType) && channel.session?.program !== undefined) {
      this.#context.edge.refuse(request, 'one program a channel', DenyReason.LimitReached);
      answer({ granted: false });
      return;
    }
    this.#decide(request, (verdict) => {
      if (verdict.state === 'denied') {
        answer({ granted: false });
        return;
      }
      const { serve, leases } = verdict;
      this.#holdForChannel(channel, leases);
      answer(
        serve === undefined
          ? { granted: true }
          : {
              granted: true,
              serve: () => {
                this.#serve(channel, serve, verdict.by);
              },
            },
      );
    });
  }

  decideGlobalRequest(question: GlobalRequestQuestion, answer: (it: GlobalRequestAnswer) => void): void {
    const request = {
      type: 'SSHGlobalRequest',
      connection: this.info,
      identity: this.#identity ?? NOBODY,
      ...question,
    } as const;
    this.#decide(request, (verdict) => {
      if (verdict.state === 'granted') this.#hold(verdict.leases);
      answer({ granted: verdict.state === 'granted' });
    });
  }

  onIdentification(line: string): void {
    this.#clientVersion = line;
    this.#status(`client identified as ${line}`);
  }

  onKeysExchanged(algorithms: NegotiatedAlgorithms, ordinal: number): void {
    this.#algorithms = algorithms;
    const mac = algorithms.macOut === '' ? '' : `, ${algorithms.macOut}`;
    this.#status(
      `${ordinal === 1 ? 'keys exchanged' : 'keys renewed'}: ${algorithms.keyExchange}, ${algorithms.hostKey}, ${algorithms.cipherOut}${mac}`,
    );
  }

  onAuthenticated(): void {
    this.#graceTimer?.unsubscribe();
    this.#graceTimer = undefined;
    const { identity = NOBODY, leases = [] } = this.#granted ?? {};
    this.#granted = undefined;
    this.#identity = identity;
    this.#status(`${printable(identity.user)} authenticated by ${identity.method}`);
    this.#context.authenticated(this);
    // Last, since a lease may end the connection at once.
    this.#hold(leases);
  }

  onChannelOpened(channel: SshChannel): void {
    this.#channelCount += 1;
    const { hub } = this.#context;
    if (!hub.wants('SSHChannelOpened')) return;
    hub.emit({
      type: 'SSHChannelOpened',
      connection: this.info,
      channel: this.#idOf(channel),
      channelType: channel.channelType,
    });
  }

  onChannelRequested(channel: SshChannel, question: ChannelRequestQuestion): void {
    const { hub } = this.#context;
    if (!hub.wants('SSHChannelRequested')) return;
    hub.emit({ type: 'SSHChannelRequested', ...this.#contentOf(channel, question) });
  }

  onChannelData(channel: SshChannel, data: Buffer, dataType: number): void {
    const { hub } = this.#context;
    if (!hub.wants('SSHChannelDataIn')) return;
    hub.emit({
      type: 'SSHChannelDataIn',
      connection: this.info,
      channel: this.#idOf(channel),
      data,
      dataType,
    });
  }

  onChannelEof(channel: SshChannel): void {
    const { hub } = this.#context;
    if (!hub.wants('SSHChannelEOF')) return;
    hub.emit({
      type: 'SSHChannelEOF',
      connection: this.info,
      channel: this.#idOf(channel),
    });
  }

  onChannelReadyToSend(channel: SshChannel): void {
    const { hub } = this.#context;
    if (!hub.wants('SSHChannelReadyToSend')) return;
    hub.emit({
      type: 'SSHChannelReadyToSend',
      connection: this.info,
      channel: this.#idOf(channel),
    });
  }

  onChannelClosed(channel: SshChannel): void {
    this.#channelCount -= 1;
    this.#channelLeases?.get(channel)?.unsubscribe();
    this.#channelLeases?.delete(channel);
    const index = this.#channels?.findIndex((it) => it.stands(channel)) ?? -1;
    const exit = index === -1 ? undefined : this.#channels?.splice(index, 1)[0]?.exit;
    const { hub } = this.#context;
    if (hub.wants('SSHChannelClosed')) {
      hub.emit({
        type: 'SSHChannelClosed',
        connection: this.info,
        channel: this.#idOf(channel),
        channelType: channel.channelType,
        ...(exit === undefined ? {} : { exit }),
        bytesReceived: channel.bytesReceived,
        bytesSent: channel.bytesSent,
      });
    }
    this.#context.channelClosed(this);
  }

  onEnd(end: TransportEnd): void {
    this.#ended = true;
    this.#graceTimer?.unsubscribe();
    this.#leases?.unsubscribe();
    this.#cancelPending();
    const { hub } = this.#context;
    if (end.error !== undefined) this.#error(end.error);
    if (hub.wants('Disconnected')) {
      hub.emit({
        type: 'Disconnected',
        connection: this.info,
        by: end.by,
        ...(end.reason === undefined ? {} : { reason: end.reason }),
        description: end.description,
        bytesReceived: this.#protocol?.transport.bytesRead ?? 0,
        bytesSent: this.#protocol?.transport.bytesWritten ?? 0,
      });
    }
    this.#context.release(this);
  }

  #start(stream: Duplex): void {
    const { hub, transport, limits } = this.#context;
    this.#refuse = undefined;
    this.#protocol = new SshConnection(stream, transport, limits, this);
    if (hub.wants('Connected')) hub.emit({ type: 'Connected', connection: this.info });
    this.#protocol.start();
  }

  #hasEnded(): boolean {
    return this.#ended;
  }

  #authOutcome(
    request: SSHUserAuthRequest,
    attempt: AuthAttempt,
    verdict: FinalVerdict<SSHUserAuthRequest>,
  ): AuthOutcome {
    if (verdict.state === 'denied') return { type: 'failure' };
    if (verdict.challenge !== undefined) return { type: 'challenge', challenge: verdict.challenge };
    if (request.method === 'publickey' && request.stage === 'offered') return { type: 'offer-accepted' };

    this.#granted = {
      identity: {
        user: attempt.user,
        method: attempt.method,
        ...(request.method === 'publickey' ? { keyFingerprint: request.key.fingerprint } : {}),
      },
      leases: verdict.leases,
    };
    return { type: 'success' };
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
      this.#error(error, { channel: this.#idOf(channel), source: by });
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
    settle: (verdict: FinalVerdict<SshRequests[Type]>) => void,
  ): void {
    const open: { question: PendingDecision | undefined } = { question: undefined };
    open.question = this.#context.edge.decide<Type>(
      request,
      (verdict) => {
        if (open.question !== undefined) this.#settled(open.question);
        this.#answer(request, () => {
          settle(verdict);
        });
      },
      () => this.#ended,
    );
    if (open.question !== undefined) (this.#pending ??= new Set()).add(open.question);
  }

  /** Gives an answer. What makes it up comes from policies, and one that cannot be sent costs its connection only. */
  #answer(request: SshRequest, give: () => void): void {
    try {
      give();
    } catch (cause) {
      const text = `the answer to ${request.type} could not be given, so its connection was closed: ${messageOf(cause)}`;
      this.#error(new SshServerError('ERR_SSH_POLICY_FAILED', text, { cause }));
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

  #hold(leases: readonly Lease[]): void {
    if (leases.length === 0 || this.#ended) return;
    const held = holdLeases(leases, {
      warn: (message) => {
        this.#status(message);
      },
      revoke: (reason) => {
        this.disconnect(reason);
      },
      fail: (cause) => {
        this.#onLeaseFailure(cause);
      },
    });
    if (this.#leases === undefined) this.#leases = held;
    else this.#leases.add(held);
  }

  #holdForChannel(channel: SshChannel, leases: readonly Lease[]): void {
    if (leases.length === 0 || channel.closed) return;
    const belongings = this.#belongingsOf(channel);
    const held = holdLeases(leases, {
      warn: (message) => {
        channel.write(Buffer.from(`${message}\r\n`), 1, () => undefined);
      },
      revoke: (reason) => {
        channel.write(Buffer.from(`${reason}\r\n`), 1, () => undefined);
        channel.close();
        // Closing waits for the client to take what was written, and nobody may keep a revoked grant by not reading.
        const cutOff = after(this.#context.clock, REVOCATION_GRACE_MS, () => {
          channel.abort();
        });
        belongings.add(cutOff);
      },
      fail: (cause) => {
        this.#onLeaseFailure(cause);
      },
    });
    belongings.add(held);
  }

  #onLeaseFailure(cause: unknown): void {
    this.#error(
      new SshServerError('ERR_SSH_POLICY_FAILED', `a lease threw when it was given up: ${messageOf(cause)}`, { cause }),
    );
  }

  /** What is given up when the channel closes. */
  #belongingsOf(channel: SshChannel): Subscription {
    this.#channelLeases ??= new Map();
    let belongings = this.#channelLeases.get(channel);
    if (belongings === undefined) {
      belongings = new Subscription();
      this.#channelLeases.set(channel, belongings);
    }
    return belongings;
  }

  #status(message: string): void {
    const { hub, logLevel } = this.#context;
    if (hub.wants('SSHStatus')) hub.emit({ type: 'SSHStatus', connection: this.info, message });
    if (logLevel >= 1 && hub.wants('Log')) hub.emit({ type: 'Log', connection: this.info, level: 1, message });
  }

  #error(error: SshServerError, at: { readonly channel?: ChannelId; readonly source?: string } = {}): void {
    const { hub } = this.#context;
    if (hub.wants('Error')) hub.emit({ type: 'Error', connection: this.info, ...at, error });
  }
}
