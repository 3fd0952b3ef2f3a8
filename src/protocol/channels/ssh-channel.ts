import { type Duplex, type Writable } from 'node:stream';

import { type ConnectionAuthority } from '../connection-authority.js';
import { type ProtocolLimits } from '../limits.js';
import { type Link } from '../link.js';
import { ChannelClose, ChannelEof } from '../messages/channel-close.js';
import { ChannelWindowAdjust } from '../messages/channel-data.js';
import {
  CHANNEL_DATA_HEADER_LENGTH,
  CHANNEL_EXTENDED_DATA_HEADER_LENGTH,
  writeChannelDataHeader,
  writeChannelExtendedDataHeader,
} from '../messages/channel-data-header.js';
import { type ChannelOpen } from '../messages/channel-open.js';
import { ChannelRequest } from '../messages/channel-request.js';
import { SessionState } from '../session-state.js';
import { ChannelStream, StderrStream } from './channel-stream.js';
import { InboundQueue } from './inbound-queue.js';
import { type BlockDone, OutboundQueue, type Piece } from './outbound-queue.js';

const MAX_WINDOW = 2 ** 32 - 1;
/** The largest block this server sends, whatever the peer would take, in bytes (RFC 4253 section 6.1). */
const MAX_SENT_PACKET = 32 * 1024;
/** What one channel may send before the others get their turn, in bytes. */
const TURN = 256 * 1024;

// send() copies at once, so one header serves all channels of the process.
const dataHeader = Buffer.alloc(CHANNEL_DATA_HEADER_LENGTH);
const extendedDataHeader = Buffer.alloc(CHANNEL_EXTENDED_DATA_HEADER_LENGTH);

/** What a channel needs of the table it stands in. */
export interface ChannelHost {
  readonly link: Link;
  readonly limits: ProtocolLimits;
  readonly authority: ConnectionAuthority;
  /** Calls {@link SshChannel.flush} once the link is writable again. */
  waitForLink(channel: SshChannel): void;
  /** Both sides have closed: the number is free again. */
  forget(channel: SshChannel): void;
}

/** Where received data goes: `undecided` until somebody has said what the channel is for. */
type Reader = 'undecided' | 'stream' | 'events';

/**
 * One channel with exact window accounting both ways (RFC 4254 section 5).
 *
 * Received data waits here until it is read, and only then is its window given back; so a slow reader costs at most the
 * window. What is written waits for the peer's window and for the socket.
 */
export class SshChannel {
  readonly localNumber: number;
  readonly channelType: string;
  /** Environment, terminal and program; on session channels only. */
  readonly session: SessionState | undefined;
  readonly #host: ChannelHost;
  readonly #remoteNumber: number;
  readonly #peerMaxPacket: number;
  readonly #outbound = new OutboundQueue();
  readonly #replies: ((granted: boolean) => void)[] = [];
  #inbound: InboundQueue | undefined;
  #reader: Reader = 'undecided';
  #stream: ChannelStream | undefined;
  #stderr: StderrStream | undefined;
  #abort: AbortController | undefined;
  #window: number;
  #peerWindow: number;
  /** Window bytes that were consumed and not given back yet. */
  #toReturn = 0;
  #wanted = false;
  #paused = false;
  #flushing = false;
  #starved = false;
  #eofWanted = false;
  #closeWanted = false;
  #sentEof = false;
  #sentClose = false;
  #receivedEof = false;
  #receivedClose = false;
  #closed = false;
  bytesReceived = 0;
  bytesSent = 0;

  constructor(host: ChannelHost, localNumber: number, open: ChannelOpen) {
    this.#host = host;
    this.localNumber = localNumber;
    this.channelType = open.channelType;
    this.#remoteNumber = open.senderChannel;
    this.#peerWindow = open.initialWindowSize;
    this.#peerMaxPacket = Math.min(open.maximumPacketSize, MAX_SENT_PACKET);
    this.#window = host.limits.windowSize;
    this.session = open.channelType === 'session' ? new SessionState() : undefined;
  }

  /** True once the channel is closed in both directions or its connection has ended. */
  get closed(): boolean {
    return this.#closed;
  }

  /** True once this side may not send any more. */
  get closing(): boolean {
    return this.#closed || this.#sentClose;
  }

  /** The number the peer knows the channel by. */
  get remoteNumber(): number {
    return this.#remoteNumber;
  }

  /** The channel's data. Made on first use; from then on the stream is the reader. */
  get stream(): Duplex {
    if (this.#stream === undefined) {
      this.#reader = 'stream';
      this.#stream = new ChannelStream(this);
      this.#own(this.#stream);
      if (this.#closed) this.#stream.destroy();
    }
    return this.#stream;
  }

  /** Extended data of type 1. Made on first use. */
  get stderr(): Writable {
    if (this.#stderr === undefined) {
      this.#stderr = new StderrStream(this);
      this.#own(this.#stderr);
      if (this.#closed) this.#stderr.destroy();
    }
    return this.#stderr;
  }

  /** Aborted when the channel closes. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#closed) this.#abort.abort();
    return this.#abort.signal;
  }

  /** Says that nobody will read a stream: data is consumed as events. */
  readAsEvents(): void {
    if (this.#reader !== 'undecided') return;
    this.#reader = 'events';
    this.#consumed(this.#inbound?.clear() ?? 0);
  }

  /** Stops reading: window is not given back, so the peer soon stops sending. */
  pause(): void {
    this.#paused = true;
  }

  /** Goes on reading. */
  resume(): void {
    this.#paused = false;
    if (this.#reader === 'events') this.#consumed(this.#inbound?.clear() ?? 0);
    else this.#deliver();
  }

  /** The stream can take more. */
  readMore(): void {
    this.#wanted = true;
    this.#deliver();
  }

  /** Sends data in order, as window and socket allow. `done` is called when it has left or the channel has closed. */
  write(data: Uint8Array, dataType: number, done: BlockDone): void {
    if (data.length === 0 || this.#closeWanted || this.closing || (dataType === 0 && this.#eofWanted)) {
      done();
      return;
    }
    this.#outbound.push(data, dataType, done);
    this.flush();
  }

  /** Announces that no more data will come, after what was written. */
  sendEof(): void {
    this.#eofWanted = true;
    this.flush();
  }

  /** Closes after everything that was written has been sent; the peer's unread data is dropped. */
  close(): void {
    const stream = this.#stream;
    const unfinished = [stream, this.#stderr].find((it) => it !== undefined && !it.destroyed && it.writableLength > 0);
    if (unfinished !== undefined) {
      // Node still holds chunks that it has not handed over.
      unfinished.end(() => {
        this.close();
      });
      return;
    }
    this.#closeWanted = true;
    this.flush();
  }

  /** Closes at once; what was not sent is dropped. */
  abort(): void {
    if (this.#closed) return;
    this.#outbound.clear();
    this.#closeWanted = true;
    this.flush();
  }

  /** Sends a channel request. @returns whether the peer granted it; without `wantReply` true at once */
  request(requestType: string, data: Uint8Array, wantReply: boolean): Promise<boolean> {
    if (this.closing) return Promise.resolve(false);
    const answered = wantReply
      ? new Promise<boolean>((resolve) => {
          this.#replies.push(resolve);
        })
      : Promise.resolve(true);
    this.#host.link.send(
      ChannelRequest.encode({
        recipientChannel: this.#remoteNumber,
        requestType,
        wantReply,
        data: Buffer.from(data),
      }),
    );
    return answered;
  }

  /** Sends what waits, as far as the peer's window and the socket allow; at most one turn's worth at a time. */
  flush(): void {
    if (this.#flushing || this.closing) return;
    this.#flushing = true;
    let sent = 0;
    while (!this.#outbound.isEmpty) {
      if (sent >= TURN || !this.#host.link.writable) {
        this.#host.waitForLink(this);
        break;
      }
      if (this.#peerWindow === 0) {
        this.#starved = true;
        break;
      }
      const piece = this.#outbound.take(Math.min(this.#peerWindow, this.#peerMaxPacket));
      if (piece === undefined) break;
      this.#sendData(piece);
      sent += piece.data.length;
      this.#outbound.settle();
      if (this.closing) break;
    }
    this.#flushing = false;
    if (this.#outbound.isEmpty) this.#sendFarewells();
  }

  /** Data has arrived. */
  onData(data: Buffer, dataType: number): void {
    if (data.length > this.#window) {
      this.#host.link.violation('PROTOCOL_ERROR', 'more channel data than the window allows');
      return;
    }
    this.#window -= data.length;
    this.bytesReceived += data.length;
    // Data behind EOF, or for a channel that we have closed: counted, and of no interest to anybody.
    if (data.length === 0 || this.#receivedEof || this.#closeWanted) {
      this.#consumed(data.length);
      return;
    }
    this.#host.authority.onChannelData(this, data, dataType);
    if (dataType !== 0 || (this.#reader === 'events' && !this.#paused)) {
      this.#consumed(data.length);
      return;
    }
    if (this.#wanted && !this.#paused && (this.#inbound?.length ?? 0) === 0) {
      this.#push(data);
      return;
    }
    this.#inbound ??= new InboundQueue();
    this.#inbound.push(data);
  }

  /** The peer grants more window. */
  onWindowAdjust(bytesToAdd: number): void {
    if (this.#peerWindow + bytesToAdd > MAX_WINDOW) {
      this.#host.link.violation('PROTOCOL_ERROR', 'the channel window overflows');
      return;
    }
    this.#peerWindow += bytesToAdd;
    if (this.#starved && bytesToAdd > 0) {
      this.#starved = false;
      if (!this.closing) this.#host.authority.onChannelReadyToSend(this);
    }
    this.flush();
  }

  onEof(): void {
    if (this.#receivedEof) return;
    this.#receivedEof = true;
    this.#host.authority.onChannelEof(this);
    this.#deliver();
  }

  onClose(): void {
    if (this.#receivedClose) {
      this.#host.link.violation('PROTOCOL_ERROR', 'a channel was closed twice');
      return;
    }
    this.#receivedClose = true;
    this.#outbound.clear();
    this.#sendClose();
    this.#finish();
  }

  /** The peer answers one of our requests; answers nobody asked for are dropped. */
  onReply(granted: boolean): void {
    this.#replies.shift()?.(granted);
  }

  /** The connection has ended underneath. */
  onConnectionEnd(): void {
    // Whatever had arrived is cut short: it must not look like an orderly end of file.
    this.#receivedEof = false;
    this.#sentClose = true;
    this.#finish();
  }

  #deliver(): void {
    if (this.#reader !== 'stream' || this.#paused || this.#stream === undefined) return;
    while (this.#wanted) {
      const block = this.#inbound?.shift();
      if (block === undefined) break;
      this.#push(block);
    }
    if (this.#receivedEof && (this.#inbound?.length ?? 0) === 0 && !this.#stream.readableEnded) {
      if (this.#wanted) {
        this.#wanted = false;
        this.#stream.push(null);
      }
    }
  }

  #push(block: Buffer): void {
    // Before push: it may call back into readMore.
    this.#wanted = false;
    if (this.#stream?.push(block) === true) this.#wanted = true;
    this.#consumed(block.length);
  }

  /** Gives window back in few, large steps. */
  #consumed(length: number): void {
    this.#toReturn += length;
    if (this.#toReturn < this.#host.limits.windowSize / 2 || this.closing || this.#receivedEof) return;
    this.#window += this.#toReturn;
    this.#host.link.send(
      ChannelWindowAdjust.encode({ recipientChannel: this.#remoteNumber, bytesToAdd: this.#toReturn }),
    );
    this.#toReturn = 0;
  }

  #sendData({ data, dataType }: Piece): void {
    this.#peerWindow -= data.length;
    this.bytesSent += data.length;
    if (dataType === 0) {
      writeChannelDataHeader(dataHeader, 0, this.#remoteNumber, data.length);
      this.#host.link.send(dataHeader, data);
    } else {
      writeChannelExtendedDataHeader(extendedDataHeader, 0, this.#remoteNumber, dataType, data.length);
      this.#host.link.send(extendedDataHeader, data);
    }
  }

  #sendFarewells(): void {
    if (this.closing) return;
    if (this.#eofWanted && !this.#sentEof) {
      this.#sentEof = true;
      this.#host.link.send(ChannelEof.encode({ recipientChannel: this.#remoteNumber }));
    }
    if (this.#closeWanted) this.#sendClose();
  }

  #sendClose(): void {
    if (this.#sentClose) return;
    this.#sentClose = true;
    // The peer may take its time to close; until then its data is of no interest.
    this.#inbound?.clear();
    this.#host.link.send(ChannelClose.encode({ recipientChannel: this.#remoteNumber }));
    if (!this.#receivedClose) this.#destroyStreams();
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outbound.clear();
    for (const answer of this.#replies.splice(0)) answer(false);
    this.#host.forget(this);
    this.#host.authority.onChannelClosed(this);
    this.#endStreams();
    this.#abort?.abort();
  }

  /** Lets a reader finish what the peer completed with EOF; anything else is cut short. */
  #endStreams(): void {
    const stream = this.#stream;
    const unread = stream !== undefined && !stream.destroyed && !stream.readableEnded && this.#receivedEof;
    if (!unread) {
      this.#destroyStreams();
      return;
    }
    this.#stderr?.destroy();
    this.#paused = false;
    for (let block = this.#inbound?.shift(); block !== undefined; block = this.#inbound?.shift()) stream.push(block);
    if (this.#wanted || !stream.readableEnded) stream.push(null);
    stream.once('end', () => {
      stream.destroy();
    });
  }

  #destroyStreams(): void {
    this.#stream?.destroy();
    this.#stderr?.destroy();
  }

  /** Errors of a stream whose user does not listen must not end the process. */
  #own(stream: Writable): void {
    stream.on('error', () => undefined);
  }
}
