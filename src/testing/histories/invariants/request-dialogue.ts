import { ChannelClose } from '../../../protocol/messages/channel-close.js';
import { ChannelOpen, ChannelOpenConfirmation } from '../../../protocol/messages/channel-open.js';
import { ChannelRequest } from '../../../protocol/messages/channel-request.js';
import { GlobalRequest } from '../../../protocol/messages/global-request.js';
import { readRecipientChannel } from '../../../protocol/messages/read-channel-data.js';
import { channelId, type ChannelId } from '../../../streams/channel-id.js';
import type { SshEvent } from '../../../streams/events/ssh-event.js';
import type { SshRequest } from '../../../streams/events/ssh-request.js';
import { SSH_MSG } from '../../../transport/messages/message-number.js';
import type { ConnectionTrace, TraceEntry } from '../history-trace.js';
import { RequestQueue } from './request-queue.js';

/** A channel that is open, or that both sides have not closed yet. */
interface OpenChannel {
  /** The client's number of it, which answers carry. */
  readonly clientNumber: number;
  readonly requests: RequestQueue;
  closing: boolean;
}

/** The questions of the connection protocol on one connection, and whether each gets its answer (RFC 4254). */
export class RequestDialogue {
  /** What was wrong with the answers, one line each. */
  readonly faults: string[] = [];
  /** Channels by the server's number. */
  readonly #channels = new Map<number, OpenChannel>();
  /** The client's numbers of the channels that it has asked for. */
  readonly #opening: number[] = [];
  readonly #globals = new RequestQueue();
  #authenticated = false;

  constructor({ name, entries }: ConnectionTrace) {
    let ended = false;
    for (const entry of entries) {
      const faults = ended ? [] : this.#read(entry);
      this.faults.push(...faults.map((fault) => `${name}: ${fault}`));
      ended ||= entry.kind === 'event' && entry.event.type === 'Disconnected';
    }
  }

  #read(entry: TraceEntry): readonly string[] {
    switch (entry.kind) {
      case 'payload': {
        const payload = Buffer.from(entry.payload);
        if (entry.to === 'client') return this.#onSent(payload);
        if (this.#authenticated) this.#onReceived(payload);
        return [];
      }
      case 'event':
        this.#onEvent(entry.event);
        return [];
      case 'quiet':
        return this.#unanswered();
      case 'denial':
        return [];
      default:
        return entry satisfies never;
    }
  }

  #onReceived(payload: Buffer): void {
    switch (payload[0]) {
      case SSH_MSG.GLOBAL_REQUEST:
        if (GlobalRequest.decode(payload)?.wantReply === true) this.#globals.arrive();
        return;
      case SSH_MSG.CHANNEL_OPEN: {
        const open = ChannelOpen.decode(payload);
        if (open !== undefined) this.#opening.push(open.senderChannel);
        return;
      }
      case SSH_MSG.CHANNEL_REQUEST: {
        const request = ChannelRequest.decode(payload);
        if (request?.wantReply === true) this.#channels.get(request.recipientChannel)?.requests.arrive();
        return;
      }
      case SSH_MSG.CHANNEL_CLOSE: {
        const number = ChannelClose.decode(payload)?.recipientChannel;
        const channel = number === undefined ? undefined : this.#channels.get(number);
        if (channel !== undefined) channel.closing = true;
        return;
      }
      default:
    }
  }

  #onSent(payload: Buffer): readonly string[] {
    const number = payload[0] ?? 0;
    switch (number) {
      case SSH_MSG.USERAUTH_SUCCESS:
        this.#authenticated = true;
        return [];
      case SSH_MSG.REQUEST_SUCCESS:
      case SSH_MSG.REQUEST_FAILURE: {
        const fault = this.#globals.answer(number === SSH_MSG.REQUEST_SUCCESS);
        return fault === undefined ? [] : [`an answer to a global request, ${fault}`];
      }
      case SSH_MSG.CHANNEL_OPEN_CONFIRMATION:
      case SSH_MSG.CHANNEL_OPEN_FAILURE:
        return this.#onOpened(payload);
      case SSH_MSG.CHANNEL_SUCCESS:
      case SSH_MSG.CHANNEL_FAILURE:
        return this.#onAnswered(number === SSH_MSG.CHANNEL_SUCCESS, readRecipientChannel(payload) ?? -1);
      case SSH_MSG.CHANNEL_CLOSE:
        // What was asked of it will not be answered any more.
        for (const [local] of this.#of(readRecipientChannel(payload) ?? -1)) this.#channels.delete(local);
        return [];
      default:
        return [];
    }
  }

  #onOpened(payload: Buffer): readonly string[] {
    const clientNumber = readRecipientChannel(payload) ?? -1;
    const index = this.#opening.indexOf(clientNumber);
    if (index === -1) return [`an answer about channel ${String(clientNumber)}, which nobody asked for`];
    this.#opening.splice(index, 1);
    const confirmation = ChannelOpenConfirmation.decode(payload);
    if (confirmation !== undefined) {
      this.#channels.set(confirmation.senderChannel, { clientNumber, requests: new RequestQueue(), closing: false });
    }
    return [];
  }

  #onAnswered(granted: boolean, clientNumber: number): readonly string[] {
    const named = this.#of(clientNumber);
    const [first, ...others] = named;
    if (first === undefined) return [`an answer on channel ${String(clientNumber)}, which is not open`];
    // A client that gives one number to two channels cannot tell their answers apart, and neither can anybody else.
    if (others.length > 0) return [];
    const fault = first[1].requests.answer(granted);
    return fault === undefined ? [] : [`an answer on channel ${String(clientNumber)}, ${fault}`];
  }

  #onEvent(event: SshEvent): void {
    if (event.type === 'Decided') {
      if (event.outcome !== 'revoked') this.#queueOf(event.request)?.decide(event.request, event.outcome);
    } else if (event.type === 'SSHGlobalRequest' || event.type === 'SSHChannelRequest') {
      this.#queueOf(event)?.ask(event);
    }
  }

  #queueOf(request: SshRequest): RequestQueue | undefined {
    if (!('wantReply' in request) || !request.wantReply) return undefined;
    if (request.type === 'SSHGlobalRequest') return this.#globals;
    return this.#find((number) => channelId(request.connection.id, number), request.channel)?.requests;
  }

  #find(idOf: (number: number) => ChannelId, id: ChannelId): OpenChannel | undefined {
    return [...this.#channels].find(([number]) => idOf(number) === id)?.[1];
  }

  #of(clientNumber: number): readonly (readonly [number, OpenChannel])[] {
    return [...this.#channels].filter(([, channel]) => channel.clientNumber === clientNumber);
  }

  #unanswered(): readonly string[] {
    const faults = this.#opening.map((number) => `channel ${String(number)} was never opened and never refused`);
    if (!this.#globals.isEmpty) faults.push('a global request was never answered');
    for (const { clientNumber, requests, closing } of this.#channels.values()) {
      if (!closing && !requests.isEmpty) faults.push(`a request of channel ${String(clientNumber)} was never answered`);
    }
    return faults;
  }
}
