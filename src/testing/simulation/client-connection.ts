import type { Arrival } from '../../protocol/arrival.js';
import { ChannelClose, ChannelEof } from '../../protocol/messages/channel-close.js';
import { ChannelData, ChannelExtendedData, ChannelWindowAdjust } from '../../protocol/messages/channel-data.js';
import { ChannelOpen, ChannelOpenConfirmation, ChannelOpenFailure } from '../../protocol/messages/channel-open.js';
import { ChannelOpenFailureReason } from '../../protocol/messages/channel-open-failure-reason.js';
import { ChannelRequest } from '../../protocol/messages/channel-request.js';
import { ChannelRequestDetail } from '../../protocol/messages/channel-request-detail.js';
import { GlobalRequest } from '../../protocol/messages/global-request.js';
import { readRecipientChannel } from '../../protocol/messages/read-channel-data.js';
import { UserauthBanner } from '../../protocol/messages/userauth-banner.js';
import { UserauthInfoRequest } from '../../protocol/messages/userauth-info.js';
import { UserauthPasswdChangereq } from '../../protocol/messages/userauth-passwd-changereq.js';
import { UserauthFailure } from '../../protocol/messages/userauth-result.js';
import type { SshRequest } from '../../streams/events/ssh-request.js';
import type { SSHUserAuthRequest } from '../../streams/events/ssh-user-auth-request.js';
import { Debug } from '../../transport/messages/debug.js';
import { Disconnect } from '../../transport/messages/disconnect.js';
import { disconnectReasonName } from '../../transport/messages/disconnect-reason.js';
import { SSH_MSG } from '../../transport/messages/message-number.js';
import { ServiceRequest } from '../../transport/messages/service.js';
import type { PacketTransport } from '../../transport/packet-transport.js';
import type { NegotiatedAlgorithms, TransportEnd, TransportListener } from '../../transport/transport-listener.js';
import type { TransportSettings } from '../../transport/transport-settings.js';
import { authPayload, checkProof } from './auth-payload.js';
import { ClientChannel } from './client-channel.js';
import type { ChannelAction, ClientAction } from './client-action.js';
import type { ClientOutcome } from './client-outcome.js';
import { type ClientEnd, type PayloadTap, SimulatedTransport } from './simulated-transport.js';

/** Told of what a {@link ClientConnection} learns. */
export interface ClientEars {
  /** The client learns something. */
  learn(outcome: ClientOutcome): void;
  /** A program writes something. */
  hear(channel: number, stream: 'stdout' | 'stderr', data: Buffer): void;
  /** What was sent last has been answered, or will never be. */
  answered(): void;
}

/** How a simulated client presents itself. */
export interface ClientManner {
  /** The identification line (RFC 4253 section 4.2). */
  readonly identification: string;
  /** What a key exchange with it results in. */
  readonly algorithms: NegotiatedAlgorithms;
  /** Whether it asks for authentication by itself, as every client does. Default true. */
  readonly asksForService?: boolean;
}

/** One connection of a simulated client: speaks the protocol of RFC 4252 and 4254 as real clients do. */
export class ClientConnection implements Arrival, ClientEnd {
  readonly #sessionId: Buffer;
  readonly #manner: ClientManner;
  readonly #ears: ClientEars;
  readonly #carry: (work: () => void) => void;
  readonly #channels: ClientChannel[] = [];
  readonly #tap: PayloadTap | undefined;
  #transport: SimulatedTransport | undefined;
  #gone: (() => void) | undefined;
  #isConnected = false;
  /** The methods of the requests that the server owes an answer to, which come in this order. */
  readonly #methods: SSHUserAuthRequest['method'][] = [];
  #isQuestioned = false;
  #unansweredGlobals = 0;
  #saidGoodbye = false;
  #ended = false;

  constructor(
    sessionId: Buffer,
    manner: ClientManner,
    ears: ClientEars,
    carry: (work: () => void) => void,
    tap?: PayloadTap,
  ) {
    this.#tap = tap;
    this.#sessionId = sessionId;
    this.#manner = manner;
    this.#ears = ears;
    this.#carry = carry;
  }

  /** Whether the server waits for answers to its questions, or for a new password. */
  get isQuestioned(): boolean {
    return this.#isQuestioned;
  }

  /** Whether there is nobody to talk to any more. */
  get isGone(): boolean {
    return this.#ended;
  }

  readonly verifySignature = checkProof;

  whenGone(gone: () => void): () => void {
    this.#gone = gone;
    return () => {
      this.#gone = undefined;
    };
  }

  turnAway(): void {
    this.#carry(() => {
      if (this.#ended) return;
      this.#end({ outcome: 'refused' });
    });
  }

  enter(listener: TransportListener, settings: TransportSettings): PacketTransport {
    const parts = { sessionId: this.#sessionId, settings, client: this, carry: this.#carry, tap: this.#tap };
    this.#transport = new SimulatedTransport(listener, parts);
    return this.#transport;
  }

  onServer(): void {
    if (this.#ended) {
      // It has identified itself and gone while nobody read.
      this.#transport?.identify(this.#manner.identification);
      this.#transport?.leaveByClient('hangUp');
      this.#letGo();
      return;
    }
    this.#transport?.identify(this.#manner.identification, this.#manner.algorithms);
    if (this.#manner.asksForService !== false) this.#send(ServiceRequest.encode({ serviceName: 'ssh-userauth' }));
    else this.#ears.answered();
  }

  /**
   * Sends what makes the server see `request`.
   *
   * @returns whether it will be answered, or undefined if it cannot be sent
   */
  request(request: SshRequest, ordinal?: number): boolean | undefined {
    switch (request.type) {
      case 'ConnectionRequest':
        return undefined;
      case 'SSHServiceRequest':
        return this.#send(ServiceRequest.encode({ serviceName: request.service }), false);
      case 'SSHUserAuthRequest':
        this.#methods.push(request.method);
        this.#isQuestioned = false;
        return this.#send(authPayload(request), true);
      case 'SSHChannelOpenRequest': {
        const channel = new ClientChannel(this.#channels.length + 1);
        this.#channels.push(channel);
        const { channelType, data } = request;
        return this.#send(ChannelOpen.encode({ ...channel.offer, channelType, data: Buffer.from(data) }), true);
      }
      case 'SSHChannelRequest': {
        const channel = this.#channel(ordinal);
        if (channel === undefined) return undefined;
        const { requestType, wantReply, data } = request;
        if (wantReply) channel.unanswered += 1;
        const { remote: recipientChannel } = channel;
        return this.#send(
          ChannelRequest.encode({ recipientChannel, requestType, wantReply, data: Buffer.from(data) }),
          wantReply,
        );
      }
      case 'SSHGlobalRequest': {
        const { requestType, wantReply, data } = request;
        if (wantReply) this.#unansweredGlobals += 1;
        return this.#send(
          GlobalRequest.encode({ requestName: requestType, wantReply, data: Buffer.from(data) }),
          wantReply,
        );
      }
      default:
        return request satisfies never;
    }
  }

  /** @returns whether it will be answered, or undefined if it cannot be done */
  act(action: ClientAction, ordinal?: number): boolean | undefined {
    if (this.#ended) return undefined;
    switch (action.action) {
      case 'onChannel':
        return 'action' in action.step
          ? this.act(action.step, action.ordinal)
          : this.request(action.step, action.ordinal);
      case 'atOnce':
        return 'action' in action.step ? this.act(action.step, ordinal) : this.request(action.step, ordinal);
      case 'disconnect':
        this.#transport?.disconnectByClient('BY_APPLICATION', action.description);
        return this.#leave();
      case 'hangUp':
      case 'reset':
        this.#transport?.leaveByClient(action.action);
        if (action.action === 'reset') this.#gone?.();
        return this.#leave();
      case 'rekey':
        this.#transport?.rekeyByClient();
        return false;
      case 'send':
        return this.#send(Buffer.from(action.payload), false);
      case 'data':
      case 'eof':
      case 'close':
        return this.#onChannel(action, ordinal);
      default:
        return action satisfies never;
    }
  }

  /** The server ends it, as it did once before: for a breach of protocol, with a goodbye, or without a word. */
  endByServer({ reason, description }: Pick<TransportEnd, 'reason' | 'description'>, isViolation: boolean): void {
    if (reason === undefined) this.#transport?.destroy(description);
    else if (isViolation) this.#transport?.violation(reason, description);
    else this.#transport?.disconnect(reason, description);
  }

  onPayload(payload: Buffer): void {
    if (this.#ended) return;
    const number = payload[0] ?? 0;
    if (number >= SSH_MSG.CHANNEL_OPEN_CONFIRMATION && number <= SSH_MSG.CHANNEL_FAILURE) {
      this.#onChannelMessage(number, payload);
      return;
    }
    switch (number) {
      case SSH_MSG.DISCONNECT: {
        const message = Disconnect.decode(payload);
        const reason = disconnectReasonName(message?.reasonCode ?? 0);
        this.#saidGoodbye = true;
        this.#end({
          outcome: 'disconnected',
          ...(reason === undefined ? {} : { reason }),
          description: message?.description ?? '',
        });
        return;
      }
      case SSH_MSG.DEBUG:
        this.#ears.learn({ outcome: 'warned', message: Debug.decode(payload)?.message ?? '' });
        return;
      case SSH_MSG.SERVICE_ACCEPT:
        if (this.#isConnected) return;
        this.#isConnected = true;
        this.#tell({ outcome: 'connected' });
        return;
      case SSH_MSG.GLOBAL_REQUEST:
        return;
      case SSH_MSG.REQUEST_SUCCESS:
      case SSH_MSG.REQUEST_FAILURE:
        if (this.#unansweredGlobals === 0) return;
        this.#unansweredGlobals -= 1;
        this.#tell({ outcome: number === SSH_MSG.REQUEST_SUCCESS ? 'done' : 'failed' });
        return;
      default:
        this.#onAuthMessage(number, payload);
    }
  }

  onClose(): void {
    if (this.#ended || this.#saidGoodbye) return;
    this.#end({ outcome: 'disconnected', description: '' });
  }

  #onAuthMessage(number: number, payload: Buffer): void {
    if (number === SSH_MSG.USERAUTH_BANNER) {
      this.#ears.learn({ outcome: 'banner', message: UserauthBanner.decode(payload)?.message ?? '' });
      return;
    }
    const [method] = this.#methods;
    const outcome = method === undefined ? undefined : authOutcome(method, number, payload);
    if (outcome === undefined) return;
    this.#methods.shift();
    this.#isQuestioned = outcome.outcome === 'challenged' || outcome.outcome === 'changeRequested';
    this.#tell(outcome);
  }

  #onChannelMessage(number: number, payload: Buffer): void {
    const channel = this.#channels[readRecipientChannel(payload) ?? -1];
    if (channel === undefined) return;
    const { ordinal } = channel;
    switch (number) {
      case SSH_MSG.CHANNEL_OPEN_CONFIRMATION: {
        const message = ChannelOpenConfirmation.decode(payload);
        if (message !== undefined) channel.open(message);
        this.#tell({ outcome: 'opened', channel: ordinal });
        return;
      }
      case SSH_MSG.CHANNEL_OPEN_FAILURE: {
        const message = ChannelOpenFailure.decode(payload);
        channel.state = 'closed';
        this.#tell({
          outcome: 'unopened',
          channel: ordinal,
          reason: openFailureName(message?.reasonCode),
          description: message?.description ?? '',
        });
        return;
      }
      case SSH_MSG.CHANNEL_WINDOW_ADJUST:
        channel.widen(ChannelWindowAdjust.decode(payload)?.bytesToAdd ?? 0);
        this.#flush(channel);
        return;
      case SSH_MSG.CHANNEL_DATA:
        this.#hear(channel, 'stdout', ChannelData.decode(payload)?.data);
        return;
      case SSH_MSG.CHANNEL_EXTENDED_DATA:
        this.#hear(channel, 'stderr', ChannelExtendedData.decode(payload)?.data);
        return;
      case SSH_MSG.CHANNEL_SUCCESS:
      case SSH_MSG.CHANNEL_FAILURE:
        if (channel.unanswered === 0) return;
        channel.unanswered -= 1;
        this.#tell({ outcome: number === SSH_MSG.CHANNEL_SUCCESS ? 'done' : 'failed', channel: ordinal });
        return;
      case SSH_MSG.CHANNEL_REQUEST:
        this.#onChannelRequest(channel, payload);
        return;
      case SSH_MSG.CHANNEL_CLOSE:
        this.#onChannelClose(channel);
        return;
      default:
      // EOF: what was read so far is all there is.
    }
  }

  #onChannelRequest({ ordinal }: ClientChannel, payload: Buffer): void {
    const message = ChannelRequest.decode(payload);
    if (message === undefined) return;
    const detail = ChannelRequestDetail.decode(message.requestType, message.data);
    if (detail.type === 'exit-status') {
      this.#ears.learn({ outcome: 'exited', channel: ordinal, exit: detail.exitStatus });
    } else if (detail.type === 'exit-signal') {
      this.#ears.learn({ outcome: 'exited', channel: ordinal, exit: detail.signalName });
    }
  }

  #onChannelClose(channel: ClientChannel): void {
    if (channel.state !== 'closing') this.#send(ChannelClose.encode({ recipientChannel: channel.remote }));
    channel.state = 'closed';
    const wasAsked = channel.unanswered > 0;
    channel.unanswered = 0;
    this.#ears.learn({ outcome: 'closed', channel: channel.ordinal });
    if (wasAsked) this.#ears.answered();
  }

  #onChannel(action: ChannelAction, ordinal?: number): false | undefined {
    const channel = this.#channel(ordinal);
    if (channel === undefined) return undefined;
    if (action.action === 'data') channel.write(Buffer.from(action.data));
    else channel.finish(action.action);
    this.#flush(channel);
    return false;
  }

  /** Sends as much as the server's window takes. */
  #flush(channel: ClientChannel): void {
    for (const data of channel.take()) this.#send(ChannelData.encode({ recipientChannel: channel.remote, data }));
    const end = channel.takeEnd();
    if (end === undefined) return;
    this.#send((end === 'eof' ? ChannelEof : ChannelClose).encode({ recipientChannel: channel.remote }));
  }

  /** Reads at once, as a client does whose user watches. */
  #hear(channel: ClientChannel, stream: 'stdout' | 'stderr', data: Buffer | undefined): void {
    if (data === undefined) return;
    this.#ears.hear(channel.ordinal, stream, data);
    if (channel.state !== 'open' || data.length === 0) return;
    this.#send(ChannelWindowAdjust.encode({ recipientChannel: channel.remote, bytesToAdd: data.length }));
  }

  #channel(ordinal = this.#channels.length): ClientChannel | undefined {
    const channel = this.#channels[ordinal - 1];
    return channel?.state === 'open' ? channel : undefined;
  }

  #send<Answered extends boolean>(payload: Buffer, answered?: Answered): Answered | undefined {
    const transport = this.#transport;
    if (this.#ended || transport === undefined) return undefined;
    this.#carry(() => {
      transport.receive(payload);
    });
    return answered;
  }

  #tell(outcome: ClientOutcome): void {
    this.#ears.learn(outcome);
    this.#ears.answered();
  }

  #leave(): false {
    this.#ended = true;
    this.#letGo();
    return false;
  }

  #end(outcome: ClientOutcome): void {
    this.#ended = true;
    this.#letGo();
    this.#tell(outcome);
  }

  /** A client that tests go on to ask must not keep what the server had of it. */
  #letGo(): void {
    this.#transport = undefined;
    this.#gone = undefined;
  }
}

function authOutcome(method: SSHUserAuthRequest['method'], number: number, payload: Buffer): ClientOutcome | undefined {
  switch (number) {
    case SSH_MSG.USERAUTH_SUCCESS:
      return { outcome: 'granted' };
    case SSH_MSG.USERAUTH_FAILURE: {
      const message = UserauthFailure.decode(payload);
      const methods = message?.authenticationsThatCanContinue ?? [];
      return { outcome: message?.partialSuccess === true ? 'partial' : 'denied', methods };
    }
    case SSH_MSG.USERAUTH_INFO_REQUEST: {
      // The number has a meaning in each method.
      if (method === 'publickey') return { outcome: 'acceptable' };
      if (method === 'password') {
        return { outcome: 'changeRequested', prompt: UserauthPasswdChangereq.decode(payload)?.prompt ?? '' };
      }
      const { name = '', instruction = '', prompts = [] } = UserauthInfoRequest.decode(payload) ?? {};
      return { outcome: 'challenged', name, instruction, prompts: prompts.map(({ prompt }) => prompt) };
    }
    default:
      return undefined;
  }
}

// The keys of the object are exactly its names.
const OPEN_FAILURES = Object.keys(ChannelOpenFailureReason) as (keyof typeof ChannelOpenFailureReason)[];

const openFailureName = (code: number | undefined) =>
  OPEN_FAILURES.find((name) => ChannelOpenFailureReason[name] === code) ?? 'unknown';
