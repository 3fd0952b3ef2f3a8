import type { Duplex, Readable, Writable } from 'node:stream';

import { SshServerError } from '../../errors.js';
import type { ConnectionAuthority } from '../connection-authority.js';
import type { ProtocolLimits } from '../limits.js';
import type { Link } from '../link.js';
import { ChannelClose, ChannelEof } from '../messages/channel-close.js';
import {
  CHANNEL_DATA_HEADER_LENGTH,
  CHANNEL_EXTENDED_DATA_HEADER_LENGTH,
  CHANNEL_WINDOW_ADJUST_LENGTH,
  writeChannelDataHeader,
  writeChannelExtendedDataHeader,
  writeChannelWindowAdjust,
} from '../messages/channel-data-header.js';
import type { ChannelOpen } from '../messages/channel-open.js';
import { ChannelRequest } from '../messages/channel-request.js';
import { SessionState } from '../session-state.js';
import { ChannelInput } from './channel-input.js';
import { ChannelOutput, type Translate } from './channel-output.js';
import { ChannelStream } from './channel-stream.js';
import { InboundQueue } from './inbound-queue.js';
import { type BlockDone, OutboundQueue, type Piece } from './outbound-queue.js';
import type { Pace } from './pace.js';
import { PaceGate } from './pace-gate.js';

const MAX_WINDOW = 2 ** 32 - 1;
/** The largest block this server sends, whatever the peer would take, in bytes (RFC 4253 section 6.1). */
const MAX_SENT_PACKET = 32 * 1024;
/** What one channel may send before the others get their turn, in bytes. */
const TURN = 256 * 1024;
/**
 * Window that a paced reader has consumed is given back in steps of this many bytes. In steps of half a window, a client that
 * sends slowly would stand still for minutes in between.
 */
const PACED_WINDOW_STEP = 32 * 1024;

/** Ordinary data and extended data of type 1, as bits. */
const BOTH_OUTPUTS = 0b11;

// send() copies at once, so one header serves all channels of the process.
const dataHeader = Buffer.alloc(CHANNEL_DATA_HEADER_LENGTH);
const extendedDataHeader = Buffer.alloc(CHANNEL_EXTENDED_DATA_HEADER_LENGTH);
const windowAdjust = Buffer.alloc(CHANNEL_WINDOW_ADJUST_LENGTH);

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

/** One for all: making an error with its stack costs more than closing a channel. */
const CLOSED = new SshServerError('ERR_SSH_CHANNEL', 'the channel is closed');
const ENDED = new SshServerError('ERR_SSH_CHANNEL', 'output was written after EOF');

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
  /** How fast data may go each way. Without any, as fast as it can: one look at an empty field a packet. */
  #receivePaces: PaceGate | undefined;
  #sendPaces: PaceGate | undefined;
  /** Extended data that has arrived and that nobody reads, as far as the paces have not let it through yet. */
  #unreadable = 0;
  /** Where received data goes: it waits until somebody reads, or has said that nobody will read a stream. */
  #reader: Readable | 'events' | undefined;
  /** The reader that has been told of the end. */
  #endedReader: Readable | undefined;
  #stream: ChannelStream | undefined;
  #stderr: ChannelOutput | undefined;
  /** Every stream made for this channel that is still in use. */
  readonly #streams: (Readable | Writable)[] = [];
  #abort: AbortController | undefined;
  #closeListeners: (() => void)[] | undefined;
  #window: number;
  #peerWindow: number;
  /** Window bytes that were consumed and not given back yet. */
  #toReturn = 0;
  #wanted = false;
  #paused = false;
  #endedOutputs = 0;
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
      this.#stream = this.#own(new ChannelStream(this));
      this.#reader = this.#stream;
    }
    return this.#stream;
  }

  /** Extended data of type 1. Made on first use. */
  get stderr(): Writable {
    return (this.#stderr ??= this.openOutput(1));
  }

  /** A stream that reads from now on. Destroying it stops reading and closes nothing. */
  openInput(): Readable {
    const input = this.#own(new ChannelInput(this));
    this.#reader = input;
    return input;
  }

  /** A stream that writes data of one type. Ending it sends no EOF, destroying it closes nothing. */
  openOutput(dataType: number, translate?: Translate): ChannelOutput {
    return this.#own(new ChannelOutput(this, dataType, translate));
  }

  /** `reader` wants no more; what arrives waits for the next one. */
  detach(reader: Readable): void {
    if (this.#reader !== reader) return;
    this.#reader = undefined;
    this.#wanted = false;
    this.#endLinger();
  }

  /** Forgets a stream that has been destroyed. */
  disown(stream: Readable | Writable): void {
    const index = this.#streams.indexOf(stream);
    if (index !== -1) this.#streams.splice(index, 1);
  }

  /** Aborted when the channel closes. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#closed) this.#abort.abort(CLOSED);
    return this.#abort.signal;
  }

  /** Aborts {@link signal} while the channel is still open: whatever runs on it should come to an end. */
  interrupt(reason: Error): void {
    this.#abort ??= new AbortController();
    this.#abort.abort(reason);
  }

  /** Calls `listener`, which must not throw, once the channel has closed. @returns what takes it away again */
  whenClosed(listener: () => void): () => void {
    const listeners = (this.#closeListeners ??= []);
    listeners.push(listener);
    return () => {
      const index = listeners.indexOf(listener);
      if (index !== -1) listeners.splice(index, 1);
    };
  }

  /**
   * Slows one direction down to a pace, which several channels may share. Of several paces the slowest counts. Payload of
   * ordinary and extended data counts alike.
   *
   * Received data keeps its window until the paces have let it through, to the reader or, where nobody reads a stream, to
   * nobody. EOF and CLOSE wait behind the data; {@link abort} does not. If the peer closes after EOF, the channel is not
   * {@link closed} until the reader has got, at this pace, what had arrived: or else a peer that closes early would get round it.
   *
   * @returns takes the pace away again; to be called once
   */
  addPace(direction: 'receive' | 'send', pace: Pace): () => void {
    if (this.#closed) return ignore;
    const proceed = (): void => {
      if (direction === 'send') this.flush();
      else this.#deliver();
    };
    const gate = (direction === 'send' ? this.#sendPaces : this.#receivePaces) ?? new PaceGate(proceed);
    if (direction === 'send') this.#sendPaces = gate;
    else this.#receivePaces = gate;
    gate.add(pace);
    // It may have waited for another pace, and has lost its place.
    proceed();
    return () => {
      gate.remove(pace);
      if (this.#closed) return;
      if (gate.isEmpty) {
        if (direction === 'send') this.#sendPaces = undefined;
        else this.#receivePaces = undefined;
      }
      proceed();
    };
  }

  /** Says that nobody will read a stream: data is consumed as events. */
  readAsEvents(): void {
    if (this.#reader !== undefined) return;
    this.#reader = 'events';
    this.#deliver();
  }

  /** Stops reading: window is not given back, so the peer soon stops sending. */
  pause(): void {
    this.#paused = true;
  }

  /** Goes on reading. */
  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  /** The stream can take more. */
  readMore(): void {
    this.#wanted = true;
    this.#deliver();
  }

  /** Sends data in order, as window and socket allow. `done` is called when it has left or the channel has closed. */
  write(data: Uint8Array, dataType: number, done: BlockDone): void {
    if (this.closing) {
      done(CLOSED);
      return;
    }
    if (data.length === 0 || this.#closeWanted) {
      done();
      return;
    }
    if (this.#eofWanted) {
      done(ENDED);
      return;
    }
    this.#outbound.push(data, dataType, done);
    this.flush();
  }

  /**
   * Output of one type has ended. EOF ends both kinds of data (RFC 4254 section 5.3), so it is sent when both have.
   */
  outputEnded(dataType: number): void {
    this.#endedOutputs |= 1 << dataType;
    if (this.#endedOutputs === BOTH_OUTPUTS) this.sendEof();
  }

  /** Announces that no more data will come, after what was written. */
  sendEof(): void {
    this.#eofWanted = true;
    this.flush();
  }

  /** Closes after everything that was written has been sent; the peer's unread data is dropped. */
  close(): void {
    if (this.#receivedClose) {
      this.#finish();
      return;
    }
    for (const stream of this.#streams) {
      if (!('writableLength' in stream) || stream.destroyed || stream.writableLength === 0) continue;
      // Node still holds chunks that it has not handed over.
      stream.end(() => {
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
    // First: once the queue is cleared, Node hands over what it holds, and that must not be queued again.
    this.#closeWanted = true;
    this.#outbound.clear();
    this.flush();
    this.#endLinger();
  }

  /**
   * Sends a channel request.
   *
   * @returns whether the peer granted it; without `wantReply` true at once
   * @throws RangeError if the type is not printable US-ASCII.
   */
  request(requestType: string, data: Uint8Array, wantReply: boolean): Promise<boolean> {
    if (this.closing) return Promise.resolve(false);
    // Before anybody waits: a request that cannot be encoded must not take the reply to the next one.
    const request = ChannelRequest.encode({
      recipientChannel: this.#remoteNumber,
      requestType,
      wantReply,
      data: Buffer.from(data),
    });
    const answered = wantReply
      ? new Promise<boolean>((resolve) => {
          this.#replies.push(resolve);
        })
      : Promise.resolve(true);
    this.#host.link.send(request);
    return answered;
  }

  /** Sends what waits, as far as the peer's window, the socket and the paces allow; at most one turn's worth at a time. */
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
      const room = Math.min(this.#peerWindow, this.#peerMaxPacket);
      const paces = this.#sendPaces;
      const piece = paces === undefined ? this.#outbound.take(room) : this.#takeAtPace(paces, room);
      if (piece === undefined) break;
      this.#sendData(piece);
      sent += piece.data.length;
      this.#outbound.settle();
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
    if (this.#receivePaces !== undefined) {
      if (dataType === 0) (this.#inbound ??= new InboundQueue()).push(data);
      else this.#unreadable += data.length;
      this.#deliver();
      return;
    }
    if (dataType !== 0 || (this.#reader === 'events' && !this.#paused)) {
      this.#consumed(data.length);
      return;
    }
    const reader = this.#reader;
    if (
      reader !== undefined &&
      reader !== 'events' &&
      this.#wanted &&
      !this.#paused &&
      (this.#inbound?.length ?? 0) === 0
    ) {
      this.#push(reader, data);
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
    this.#sendClose();
    if (this.#receivePaces === undefined || this.#unfinishedReader() === undefined) {
      this.#finish();
      return;
    }
    // Nothing can be sent any more, and who writes need not wait until everything is read.
    this.#outbound.clear();
    this.#deliver();
  }

  /** The peer answers one of our requests; answers nobody asked for are dropped. */
  onReply(granted: boolean): void {
    this.#replies.shift()?.(granted);
  }

  /** The connection has ended underneath. */
  onConnectionEnd(): void {
    // Whatever had arrived is cut short, unless the peer had closed before: it must not look like an orderly end of file.
    if (!this.#receivedClose) this.#receivedEof = false;
    this.#sentClose = true;
    this.#finish();
  }

  /** Hands over what waits, as far as it is wanted and the paces let it through. */
  #deliver(): void {
    if (this.#unreadable > 0) this.#consumeUnreadable();
    // When the peer has closed, all that is left is handed over, wanted or not: nothing more will come.
    const lingers = this.#receivedClose && !this.#closed;
    if (this.#reader === undefined || (this.#paused && !lingers)) return;
    if (this.#reader === 'events') {
      for (let block = this.#nextBlock(); block !== undefined; block = this.#nextBlock()) this.#consumed(block.length);
      return;
    }
    while (this.#wanted || lingers) {
      const block = this.#nextBlock();
      if (block === undefined) break;
      this.#push(this.#reader, block);
    }
    if ((this.#inbound?.length ?? 0) > 0) return;
    if (this.#wanted && this.#receivedEof) {
      this.#wanted = false;
      this.#end(this.#reader);
    }
    this.#endLinger();
  }

  /** The oldest data that waits, as much of it as the paces let through; undefined if that is nothing. */
  #nextBlock(): Buffer | undefined {
    const inbound = this.#inbound;
    const paces = this.#receivePaces;
    if (inbound === undefined || inbound.length === 0 || paces === undefined) return inbound?.shift();
    const allowed = paces.allowance(inbound.length);
    if (allowed === 0) return undefined;
    const block = inbound.shift(allowed);
    paces.pass(block?.length ?? 0);
    return block;
  }

  #consumeUnreadable(): void {
    while (this.#unreadable > 0) {
      const length = this.#receivePaces?.allowance(this.#unreadable) ?? this.#unreadable;
      if (length === 0) return;
      this.#receivePaces?.pass(length);
      this.#unreadable -= length;
      this.#consumed(length);
    }
  }

  #end(reader: Readable): void {
    if (this.#endedReader === reader) return;
    this.#endedReader = reader;
    reader.push(null);
  }

  #push(reader: Readable, block: Buffer): void {
    // Before push: it may call back into readMore.
    this.#wanted = false;
    if (reader.push(block)) this.#wanted = true;
    this.#consumed(block.length);
  }

  /** Gives window back in few, large steps. */
  #consumed(length: number): void {
    this.#toReturn += length;
    const half = this.#host.limits.windowSize / 2;
    const step = this.#receivePaces === undefined ? half : Math.min(half, PACED_WINDOW_STEP);
    if (this.#toReturn < step || this.closing || this.#receivedEof) return;
    this.#window += this.#toReturn;
    writeChannelWindowAdjust(windowAdjust, this.#remoteNumber, this.#toReturn);
    this.#toReturn = 0;
    this.#host.link.send(windowAdjust);
  }

  #takeAtPace(paces: PaceGate, room: number): Piece | undefined {
    const allowed = paces.allowance(Math.min(room, this.#outbound.nextLength));
    if (allowed === 0) return undefined;
    paces.pass(allowed);
    return this.#outbound.take(allowed);
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
    this.#host.authority.onChannelSent(this, data.length);
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
    this.#sendPaces?.leave();
    this.#host.link.send(ChannelClose.encode({ recipientChannel: this.#remoteNumber }));
    // What came before the peer's CLOSE may still be read.
    if (this.#receivedClose) return;
    // The peer may take its time to close; until then its data is of no interest.
    this.#inbound?.clear();
    this.#unreadable = 0;
    this.#receivePaces?.leave();
    this.#destroyStreams();
  }

  /** Both sides have closed, and what the paces held back is delivered or of no use any more. */
  #endLinger(): void {
    if (this.#receivedClose) this.#finish();
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#sendPaces?.leave();
    this.#sendPaces = undefined;
    this.#receivePaces?.leave();
    this.#receivePaces = undefined;
    this.#outbound.clear();
    for (const answer of this.#replies.splice(0)) answer(false);
    this.#host.forget(this);
    this.#host.authority.onChannelClosed(this);
    this.#endStreams();
    this.#abort?.abort(CLOSED);
    for (const listener of this.#closeListeners?.splice(0) ?? []) listener();
    this.#closeListeners = undefined;
  }

  /** Lets a reader finish what the peer completed with EOF; anything else is cut short. */
  #endStreams(): void {
    const reader = this.#unfinishedReader();
    if (reader === undefined) {
      this.#destroyStreams();
      return;
    }
    for (const stream of [...this.#streams]) if (stream !== reader) cutOff(stream);
    for (let block = this.#inbound?.shift(); block !== undefined; block = this.#inbound?.shift()) reader.push(block);
    this.#end(reader);
    reader.once('end', () => {
      reader.destroy();
    });
  }

  /** The reader, if the peer has completed what it has not read to the end yet. */
  #unfinishedReader(): Readable | undefined {
    const reader = this.#reader;
    if (!this.#receivedEof || reader === undefined || reader === 'events') return undefined;
    return reader.destroyed || reader.readableEnded ? undefined : reader;
  }

  #destroyStreams(): void {
    for (const stream of [...this.#streams]) cutOff(stream);
  }

  #own<S extends Readable | Writable>(stream: S): S {
    // Errors of a stream whose user does not listen must not end the process.
    stream.on('error', ignore);
    this.#streams.push(stream);
    if (this.#closed) cutOff(stream);
    return stream;
  }
}

const ignore = (): void => undefined;

/** Destroys a stream; whoever still reads or writes is told that it did not end in order. */
function cutOff(stream: Readable | Writable): void {
  const read = !('readableEnded' in stream) || stream.readableEnded;
  const written = !('writableFinished' in stream) || stream.writableFinished;
  stream.destroy(read && written ? undefined : CLOSED);
}
