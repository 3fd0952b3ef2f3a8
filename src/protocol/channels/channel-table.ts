import { SSH_MSG } from '../../transport/messages/message-number.js';
import type { ConnectionAuthority } from '../connection-authority.js';
import type { ProtocolLimits } from '../limits.js';
import type { Link } from '../link.js';
import { ChannelClose, ChannelEof } from '../messages/channel-close.js';
import { ChannelOpen, ChannelOpenConfirmation, ChannelOpenFailure } from '../messages/channel-open.js';
import { ChannelOpenDetail } from '../messages/channel-open-detail.js';
import {
  ChannelOpenFailureReason,
  type ChannelOpenFailureReasonName,
} from '../messages/channel-open-failure-reason.js';
import { ChannelFailure, ChannelRequest, ChannelSuccess } from '../messages/channel-request.js';
import { ChannelRequestDetail } from '../messages/channel-request-detail.js';
import {
  readBytesToAdd,
  readChannelData,
  readChannelExtendedData,
  readDataTypeCode,
  readRecipientChannel,
} from '../messages/read-channel-data.js';
import { RequestQueue } from '../request-queue.js';
import { applySessionRequest, startsProgram } from './session-request.js';
import { type ChannelHost, SshChannel } from './ssh-channel.js';

interface Entry {
  readonly channel: SshChannel;
  /** False while its opening is being decided: the peer does not know the channel yet. */
  open: boolean;
  /** Made with the first request. */
  requests: RequestQueue | undefined;
}

/** Read again: whoever was told of a request may have closed the channel, or the connection, since. */
const isUsable = (channel: SshChannel): boolean => !channel.closing;

/** All channels of a connection by the number this server gave them (RFC 4254 section 5). */
export class ChannelTable implements ChannelHost {
  readonly link: Link;
  readonly limits: ProtocolLimits;
  readonly authority: ConnectionAuthority;
  readonly #entries = new Map<number, Entry>();
  /** Channels that wait for the socket, each once, in the order of their turns. */
  #waiting: Set<SshChannel> | undefined;
  #turnComes = false;

  constructor(link: Link, limits: ProtocolLimits, authority: ConnectionAuthority) {
    this.link = link;
    this.limits = limits;
    this.authority = authority;
  }

  /** Open channels. */
  *channels(): Iterable<SshChannel> {
    for (const { channel, open } of this.#entries.values()) if (open) yield channel;
  }

  /** Channels, those being decided included. */
  get size(): number {
    return this.#entries.size;
  }

  waitForLink(channel: SshChannel): void {
    (this.#waiting ??= new Set()).add(channel);
    // A channel that has used up its turn waits although the link has room, and the link will not say so again.
    if (this.#turnComes || !this.link.writable) return;
    this.#turnComes = true;
    setImmediate(() => {
      this.#turnComes = false;
      this.onWritable();
    });
  }

  forget(channel: SshChannel): void {
    this.#waiting?.delete(channel);
    this.#entries.get(channel.localNumber)?.requests?.close();
    this.#entries.delete(channel.localNumber);
  }

  /** The link takes data again: each waiting channel gets a turn, until the link is full. */
  onWritable(): void {
    if (this.#waiting === undefined) return;
    for (const channel of [...this.#waiting]) {
      if (!this.link.writable) return;
      this.#waiting.delete(channel);
      channel.flush();
    }
  }

  /** The connection has ended: every channel goes with it. */
  onConnectionEnd(): void {
    for (const { channel, open } of [...this.#entries.values()]) {
      if (open) channel.onConnectionEnd();
      else this.forget(channel);
    }
  }

  /** @returns false if the message number means nothing here */
  onMessage(payload: Buffer): boolean {
    const number = payload[0];
    if (number === SSH_MSG.CHANNEL_OPEN) {
      this.#onOpen(payload);
      return true;
    }
    if (number === undefined || number < SSH_MSG.CHANNEL_OPEN || number > SSH_MSG.CHANNEL_FAILURE) return false;

    const local = readRecipientChannel(payload);
    const entry = local === undefined ? undefined : this.#entries.get(local);
    if (entry?.open !== true) {
      this.#malformed('a message for a channel that is not open');
      return true;
    }
    this.#onChannelMessage(number, entry, payload);
    return true;
  }

  #onChannelMessage(number: number, entry: Entry, payload: Buffer): void {
    const { channel } = entry;
    switch (number) {
      case SSH_MSG.CHANNEL_DATA: {
        const data = readChannelData(payload);
        if (data === undefined) this.#malformed('malformed channel data');
        else channel.onData(data, 0);
        return;
      }
      case SSH_MSG.CHANNEL_EXTENDED_DATA: {
        const data = readChannelExtendedData(payload);
        const dataType = readDataTypeCode(payload);
        if (data === undefined || dataType === undefined) this.#malformed('malformed extended data');
        else channel.onData(data, dataType);
        return;
      }
      case SSH_MSG.CHANNEL_WINDOW_ADJUST: {
        const bytesToAdd = readBytesToAdd(payload);
        if (bytesToAdd === undefined) this.#malformed('malformed window adjustment');
        else channel.onWindowAdjust(bytesToAdd);
        return;
      }
      case SSH_MSG.CHANNEL_EOF:
        if (ChannelEof.decode(payload) === undefined) this.#malformed('malformed end of file');
        else channel.onEof();
        return;
      case SSH_MSG.CHANNEL_CLOSE:
        if (ChannelClose.decode(payload) === undefined) this.#malformed('malformed channel close');
        else channel.onClose();
        return;
      case SSH_MSG.CHANNEL_REQUEST:
        this.#onRequest(entry, payload);
        return;
      case SSH_MSG.CHANNEL_SUCCESS:
        channel.onReply(true);
        return;
      case SSH_MSG.CHANNEL_FAILURE:
        channel.onReply(false);
        return;
      default:
        // OPEN_CONFIRMATION and OPEN_FAILURE answer opens of ours, and there are none under way.
        this.#malformed('an answer to a channel that was not asked for');
    }
  }

  #onOpen(payload: Buffer): void {
    const open = ChannelOpen.decode(payload);
    if (open === undefined) {
      this.#malformed('malformed channel open');
      return;
    }
    if (this.#entries.size >= this.limits.maxChannels) {
      this.#refuse(open, 'RESOURCE_SHORTAGE', 'too many channels');
      return;
    }
    if (open.maximumPacketSize < this.limits.minPeerPacketSize) {
      this.#refuse(open, 'RESOURCE_SHORTAGE', 'the maximum packet size is too small');
      return;
    }
    const channel = new SshChannel(this, this.#freeNumber(), open);
    const entry: Entry = { channel, open: false, requests: undefined };
    this.#entries.set(channel.localNumber, entry);

    const { channelType, data } = open;
    const detail = ChannelOpenDetail.decode(channelType, data);
    this.authority.decideChannelOpen(channel, { channelType, detail, data }, (answer) => {
      if (this.#entries.get(channel.localNumber) !== entry) return;
      if (!answer.granted) {
        this.#entries.delete(channel.localNumber);
        this.#refuse(open, answer.reason, '');
        return;
      }
      this.link.send(
        ChannelOpenConfirmation.encode({
          recipientChannel: open.senderChannel,
          senderChannel: channel.localNumber,
          initialWindowSize: this.limits.windowSize,
          maximumPacketSize: this.limits.maxPacketSize,
          data: Buffer.alloc(0),
        }),
      );
      // In a key exchange that the peer does not finish, one answer too many ends the connection.
      if (this.#entries.get(channel.localNumber) !== entry) return;
      entry.open = true;
      if (answer.serve === undefined && channel.session === undefined) channel.readAsEvents();
      this.authority.onChannelOpened(channel);
      // Whoever hears of it may end the connection, and then nothing happens on the channel any more.
      if (isUsable(channel)) answer.accepted?.();
      if (isUsable(channel)) this.authority.onChannelReadyToSend(channel);
      if (isUsable(channel)) answer.serve?.();
    });
  }

  #onRequest(entry: Entry, payload: Buffer): void {
    const { channel } = entry;
    const request = ChannelRequest.decode(payload);
    if (request === undefined) {
      this.#malformed('malformed channel request');
      return;
    }
    entry.requests ??= new RequestQueue();
    const { requestType, wantReply, data } = request;
    const { maxWaitingRequests, maxWaitingRequestBytes } = this.limits;
    if (entry.requests.length >= maxWaitingRequests || this.#waitingBytes() + data.length > maxWaitingRequestBytes) {
      this.link.violation('PROTOCOL_ERROR', 'too many channel requests at once');
      return;
    }
    entry.requests.push((answered) => {
      const detail = ChannelRequestDetail.decode(requestType, data);
      const question = { requestType, wantReply, detail, data };
      this.authority.decideChannelRequest(channel, question, (answer) => {
        if (channel.closing) {
          answered();
          return;
        }
        const done = (answer.granted ? answer.instead : undefined) ?? question;
        const granted =
          answer.granted && (channel.session === undefined || applySessionRequest(channel.session, done.detail));
        if (wantReply) {
          const recipient = { recipientChannel: channel.remoteNumber };
          this.link.send(granted ? ChannelSuccess.encode(recipient) : ChannelFailure.encode(recipient));
        }
        if (granted) {
          if (startsProgram(requestType) && answer.serve === undefined) channel.readAsEvents();
          this.authority.onChannelRequested(channel, done);
          if (isUsable(channel)) answer.accepted?.();
          if (isUsable(channel)) answer.serve?.();
        }
        answered();
      });
    }, data.length);
  }

  /** What the requests of all channels that wait for their turn hold. There are few channels, and requests are rare. */
  #waitingBytes(): number {
    let bytes = 0;
    for (const { requests } of this.#entries.values()) bytes += requests?.bytes ?? 0;
    return bytes;
  }

  #refuse(open: ChannelOpen, reason: ChannelOpenFailureReasonName, description: string): void {
    this.link.send(
      ChannelOpenFailure.encode({
        recipientChannel: open.senderChannel,
        reasonCode: ChannelOpenFailureReason[reason],
        description,
        languageTag: '',
      }),
    );
  }

  #malformed(description: string): void {
    this.link.violation('PROTOCOL_ERROR', description);
  }

  /** The smallest number not in use. Bounded by the limit on channels. */
  #freeNumber(): number {
    let number = 0;
    while (this.#entries.has(number)) number += 1;
    return number;
  }
}
