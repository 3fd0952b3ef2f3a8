import type { Duplex } from 'node:stream';

import { SshServerError, type SshServerErrorCode } from '../errors.js';
import { DelayedCompression } from './compression/delayed-compression.js';
import { relaxReExchange, watchFirstKeyExchange } from './engine/key-exchange-hooks.js';
import { padFromPool } from './engine/padding.js';
import { takeKexinit } from './engine/take-kexinit.js';
import {
  type EngineNegotiated,
  type EnginePayloadHandler,
  type EngineProtocol,
  Protocol,
  sendPacket,
} from './engine/ssh2-internals.js';
import { ExchangeSigning } from './exchange-signing.js';
import { IdentificationLine } from './identification-line.js';
import { forgetEphemeralKeys } from './engine/x25519.js';
import { Disconnect } from './messages/disconnect.js';
import { DisconnectReason, type DisconnectReasonName, disconnectReasonName } from './messages/disconnect-reason.js';
import { ExtInfo } from './messages/ext-info.js';
import { SSH_MSG } from './messages/message-number.js';
import { Unimplemented } from './messages/unimplemented.js';
import { KeyRenewal } from './key-renewal.js';
import { listenerFailure } from './listener-failure.js';
import { Outlet } from './outlet.js';
import type { PacketTransport } from './packet-transport.js';
import { PacketTrace } from './packet-trace.js';
import { printable } from './printable.js';
import type { NegotiatedAlgorithms, TransportEnd, TransportListener } from './transport-listener.js';
import type { TransportSettings } from './transport-settings.js';

/** What a peer may make us queue during a key exchange that it does not finish. */
const MAX_QUEUED_DURING_KEY_EXCHANGE = 1024;
/** How long a peer may take to close after we said goodbye, in milliseconds. */
const LINGER_MS = 1000;

/** How the engine words it that a packet is not what was sent; OpenSSL finds no words for a wrong GCM tag. */
const CORRUPTED = /\bMAC\b|auth|decrypt|tag|^error:/iu;
/** What the peer is told of the engine's errors, whose own words are for the log. */
const TOLD = {
  KEY_EXCHANGE_FAILED: 'the key exchange failed',
  MAC_ERROR: 'a packet was corrupted on its way',
  PROTOCOL_ERROR: 'a packet is malformed',
} as const;

/** What an end for a breach of protocol may have beside its reason. */
interface ViolationDetail {
  readonly cause?: Error;
  /** What the peer is told. Default what stands in the log. */
  readonly told?: string;
  /** Default `ERR_SSH_PROTOCOL`: the breach was the peer's. */
  readonly code?: SshServerErrorCode;
}

const CONTINUE = undefined;
/** Stops the engine's parser. */
const STOP = Infinity;

/**
 * RFC 4253 over any duplex stream: bytes in, payloads out, and the other way round.
 *
 * Whatever the peer sends, the outcome is a payload, an answer or an orderly end; nothing throws. A stream is owned from
 * construction to the end: afterwards it is destroyed and has none of our listeners.
 */
export class Transport implements PacketTransport {
  readonly #stream: Duplex;
  readonly #settings: TransportSettings;
  readonly #listener: TransportListener;
  readonly #outlet: Outlet;
  readonly #engine: EngineProtocol;
  readonly #engineOnPayload: EnginePayloadHandler;
  readonly #keyRenewal: KeyRenewal;
  readonly #signing: ExchangeSigning;
  /** Undefined unless somebody may want to hear of packets. */
  readonly #trace: PacketTrace | undefined;
  /** What the key exchange under way, or the last one, has settled on. */
  #negotiated: EngineNegotiated | undefined;
  #algorithms: NegotiatedAlgorithms | undefined;
  /** Undefined unless clients may compress. */
  readonly #compression: DelayedCompression | undefined;
  /** What has come and is read when it is the turn of this connection again. */
  #unread: Buffer | undefined;
  /** Until the client has identified itself. */
  #identification: IdentificationLine | undefined = new IdentificationLine();
  #keyExchanges = 0;
  #queuedDuringKeyExchange = 0;
  #stopLingering: (() => void) | undefined;
  #wantsExtInfo = false;
  #readingStopped = false;
  #saidGoodbye = false;
  #ended = false;
  #bytesRead = 0;

  constructor(stream: Duplex, settings: TransportSettings, listener: TransportListener) {
    this.#stream = stream;
    this.#settings = settings;
    this.#listener = listener;
    this.#outlet = new Outlet(stream, this.#onRelief);
    // For all key exchanges of the connection: clients such as PuTTY leave if another key turns up in a later one.
    const { byAlgorithm, offer } = settings.hostKeys();
    this.#engine = new Protocol({
      server: true,
      hostKeys: byAlgorithm,
      offer,
      ident: settings.identification,
      messageHandlers: {},
      onWrite: (data) => {
        this.#outlet.write(data);
      },
      onError: (error) => {
        this.#onEngineError(error);
      },
      onHeader: (header) => {
        this.#onIdentification(header.identRaw);
      },
      onHandshakeComplete: (negotiated) => {
        this.#onKeysExchanged(negotiated);
      },
    });
    padFromPool(this.#engine._cipher);
    if (DelayedCompression.isIn(offer)) {
      this.#compression = new DelayedCompression(this.#engine, this.#goOn);
    }
    this.#signing = new ExchangeSigning({
      settings,
      engine: this.#engine,
      onFailure: (fault, cause) => {
        this.#violate('KEY_EXCHANGE_FAILED', printable(`the host key did not sign: ${fault}`), {
          ...(cause === undefined ? {} : { cause }),
          told: TOLD.KEY_EXCHANGE_FAILED,
          code: 'ERR_SSH_HOST_KEY',
        });
      },
    });
    this.#keyRenewal = new KeyRenewal({
      settings,
      engine: this.#engine,
      outlet: this.#outlet,
      received: () => this.#bytesRead,
      renew: () => {
        this.rekey();
      },
      onMissed: () => {
        // Whoever waits for our signature is not to blame.
        if (this.#signing.isWaiting) this.#signing.onSilence();
        else this.#violate('KEY_EXCHANGE_FAILED', 'the key exchange took too long');
      },
    });
    if (settings.tracesPackets === true) {
      this.#trace = new PacketTrace({
        tell: (direction, number, length) => {
          listener.onPacket(direction, number, length);
        },
        isOver: () => this.#ended,
      });
      this.#trace.watch(this.#engine._packetRW.write);
    }
    stream.on('error', this.#onStreamError);
    stream.on('close', this.#onStreamClose);
    this.#engineOnPayload = this.#engine._onPayload;
    this.#engine._onPayload = this.#inflated(this.#traced(this.#onPacket));
    // The engine says goodbye without a text when a key exchange fails; clients print the text.
    this.#engine.disconnect = (reason) => {
      this.#sendDisconnect(reason, disconnectReasonName(reason) ?? 'PROTOCOL_ERROR');
    };
  }

  /** Sends the identification line, behind `greeting` if there is one, and begins to read. */
  start(greeting?: Buffer): void {
    if (this.#ended) return;
    this.#stream.on('data', this.#onData);
    this.#stream.on('drain', this.#outlet.relieve);
    this.#stream.on('end', this.#onStreamEnd);
    // Listening is not enough for a stream that was paused before.
    this.#stream.resume();
    if (greeting !== undefined) this.#outlet.write(greeting);
    this.#engine.start();
  }

  get sessionId(): Buffer {
    return this.#engine._kex?.sessionID ?? Buffer.alloc(0);
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  get bytesWritten(): number {
    return this.#outlet.bytesWritten;
  }

  get writable(): boolean {
    if (this.#ended || this.#engine._kexinit !== undefined || this.#compression?.waits === true) return false;
    return this.#outlet.hasRoom;
  }

  send(head: Uint8Array, body?: Uint8Array): void {
    if (this.#ended) return;
    if (this.#engine._kexinit !== undefined) {
      this.#queuedDuringKeyExchange += 1;
      if (this.#queuedDuringKeyExchange > MAX_QUEUED_DURING_KEY_EXCHANGE) {
        this.#violate(
          'KEY_EXCHANGE_FAILED',
          'too much to answer during a key exchange that the client does not finish',
        );
        return;
      }
    }
    const { write } = this.#engine._packetRW;
    const start = write.allocStart;
    const packet = write.alloc(head.length + (body?.length ?? 0));
    packet.set(head, start);
    if (body !== undefined) packet.set(body, start + head.length);
    sendPacket(this.#engine, write.finalize(packet));
    this.#keyRenewal.onSent();
    if (this.#outlet.overflows) this.#stopReading();
    // Last, since whoever hears of it may end the connection.
    if (this.#trace !== undefined) this.#trace.sent(head[0] ?? 0, head.length + (body?.length ?? 0));
  }

  rekey(): void {
    if (this.#ended || this.#keyExchanges === 0 || this.#engine._kexinit !== undefined) return;
    this.#trace?.watch(this.#engine._packetRW.write);
    this.#keyRenewal.onStart();
    this.#engine.rekey();
    this.#listener.onKeyExchangeBegun('server', this.#keyExchanges + 1);
    if (!this.#hasEnded()) this.#trace?.flush();
  }

  disconnect(reason: DisconnectReasonName, description: string): void {
    const end = { by: 'server', reason, description: printable(description) } as const;
    this.#leave(DisconnectReason[reason], end, description);
  }

  violation(reason: DisconnectReasonName, description: string): void {
    this.#violate(reason, description);
  }

  destroy(description: string): void {
    this.#end({ by: 'server', description: printable(description) });
    this.#stream.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytesRead += chunk.length;
    this.#read(chunk);
  };

  #read(chunk: Buffer): void {
    try {
      const bytes = this.#identification === undefined ? chunk : this.#identification.take(chunk);
      if (bytes !== undefined) this.#parse(bytes);
      this.#trace?.flush();
      this.#keyRenewal.onReceived();
    } catch (cause) {
      this.#onEngineError(cause instanceof Error ? cause : new Error(String(cause)));
    }
  }

  #parse(bytes: Buffer): void {
    const { length } = bytes;
    for (let at = 0; at < length && !this.#ended;) {
      if (this.#compression?.awaitTurn() === true) {
        this.#unread = bytes.subarray(at);
        this.#stream.pause();
        return;
      }
      at = this.#engine._parse(bytes, at, length) ?? length;
    }
  }

  /** Whether nothing is in the way of reading: neither answers that the peer does not take, nor the turn of others. */
  get #mayRead(): boolean {
    return !this.#ended && !this.#readingStopped && this.#compression?.waits !== true;
  }

  /** Something that was in the way of reading or writing is gone. */
  readonly #goOn = (): void => {
    const unread = this.#unread;
    if (unread !== undefined && this.#mayRead) {
      this.#unread = undefined;
      this.#read(unread);
    }
    // Asked again: it may have been more than one turn takes.
    if (this.#mayRead) this.#stream.resume();
    if (this.writable) this.#listener.onWritable();
  };

  /**
   * Puts decompression between the packets and whoever takes them. A packet that is not what was sent, or becomes too large, ends
   * the connection; one that uses up the turn has the engine hand back what follows it.
   */
  #inflated(handler: EnginePayloadHandler): EnginePayloadHandler {
    const compression = this.#compression;
    if (compression === undefined) return handler;
    return (packet) => {
      const payload = compression.inflate(packet);
      if (payload instanceof Error) {
        this.#violate('COMPRESSION_ERROR', payload.message, { cause: payload });
        return STOP;
      }
      const result = handler(payload);
      return result === CONTINUE && compression.waits ? false : result;
    };
  }

  #onIdentification(line: string): void {
    this.#identification = undefined;
    const decipher = this.#engine._decipher;
    if (decipher !== undefined) {
      const onExtInfoWanted = (): void => {
        this.#wantsExtInfo = true;
      };
      watchFirstKeyExchange(this.#engine, decipher, this.#onPacket, onExtInfoWanted, this.#signing.prepare);
      decipher._onPayload = this.#traced(this.#negotiating(decipher._onPayload));
    }
    this.#listener.onIdentification(printable(line));
  }

  #onKeysExchanged(negotiated: EngineNegotiated): void {
    this.#keyExchanges += 1;
    padFromPool(this.#engine._cipher);
    forgetEphemeralKeys(this.#engine._kex);
    this.#queuedDuringKeyExchange = 0;
    this.#keyRenewal.onKeysExchanged();
    if (this.#keyExchanges === 1 && this.#wantsExtInfo) {
      // RFC 8308 section 2.4: the first packet after NEWKEYS.
      this.send(ExtInfo.encode({ extensions: this.#settings.extensions }));
      // Whoever was told of the packet may have ended the connection.
      if (this.#hasEnded()) return;
    }
    this.#listener.onKeysExchanged(this.#algorithms ?? algorithmsOf(negotiated), this.#keyExchanges);
    if (this.#keyExchanges > 1 && this.writable) this.#listener.onWritable();
  }

  /** A handler that tells of the packets it is given. */
  #traced(handler: EnginePayloadHandler): EnginePayloadHandler {
    const trace = this.#trace;
    if (trace === undefined) return handler;
    return (payload) => {
      trace.received(payload);
      return this.#ended ? STOP : handler(payload);
    };
  }

  /** A handler of the first key exchange that tells what both sides have settled on. */
  #negotiating(handler: EnginePayloadHandler): EnginePayloadHandler {
    return (payload) => {
      const result = handler(payload);
      if (this.#ended) return result;
      this.#tellNegotiated();
      return this.#hasEnded() ? STOP : result;
    };
  }

  #tellNegotiated(): void {
    const negotiated = this.#engine._kex?.negotiated;
    if (negotiated === undefined || negotiated === this.#negotiated) return;
    this.#negotiated = negotiated;
    this.#algorithms = algorithmsOf(negotiated);
    this.#listener.onAlgorithmsNegotiated(this.#algorithms, this.#keyExchanges + 1);
  }

  readonly #onPacket = (payload: Buffer): number | undefined => {
    if (this.#ended) return STOP;
    const number = payload[0];
    switch (number) {
      case undefined:
        this.#violate('PROTOCOL_ERROR', 'a packet without a message');
        return STOP;
      case SSH_MSG.DISCONNECT:
        this.#onDisconnect(payload);
        return STOP;
      case SSH_MSG.IGNORE:
      case SSH_MSG.UNIMPLEMENTED:
      case SSH_MSG.DEBUG:
        return CONTINUE;
      case SSH_MSG.KEXINIT:
        return this.#onReExchange(payload);
      default:
        if (number > SSH_MSG.KEXINIT && number < 50) {
          this.#violate('PROTOCOL_ERROR', 'a key exchange message without a key exchange');
          return STOP;
        }
        if (!this.#handOver(payload)) this.#sendUnimplemented();
        // Read again: the listener may have ended the transport.
        return this.#hasEnded() ? STOP : CONTINUE;
    }
  };

  /** @returns false if the message means nothing to the listener */
  #handOver(payload: Buffer): boolean {
    try {
      return this.#listener.onPayload(payload);
    } catch (cause) {
      const end = listenerFailure(cause);
      this.#leave(DisconnectReason[end.reason], end);
      return true;
    }
  }

  #onReExchange(payload: Buffer): number | undefined {
    if (this.#keyExchanges >= this.#listener.maxKeyExchanges()) {
      this.#violate('PROTOCOL_ERROR', 'too many key exchanges before authentication');
      return STOP;
    }
    if (!this.#keyRenewal.admits()) {
      this.#violate('PROTOCOL_ERROR', 'too many key exchanges for so little time and traffic');
      return STOP;
    }
    const decipher = this.#engine._decipher;
    if (decipher === undefined) return STOP;
    this.#trace?.watch(this.#engine._packetRW.write);
    this.#keyRenewal.onStart();
    if (this.#engine._kexinit === undefined) {
      this.#listener.onKeyExchangeBegun('client', this.#keyExchanges + 1);
      if (this.#hasEnded()) return STOP;
    }
    const result = takeKexinit(this.#engine, this.#engineOnPayload, payload, this.#signing.prepare);
    if (this.#hasEnded()) return STOP;
    this.#tellNegotiated();
    if (this.#hasEnded()) return STOP;
    relaxReExchange(this.#engine, decipher, this.#onPacket);
    decipher._onPayload = this.#inflated(this.#traced(decipher._onPayload));
    return result === false ? STOP : result;
  }

  #hasEnded(): boolean {
    return this.#ended;
  }

  #onDisconnect(payload: Buffer): void {
    const message = Disconnect.decode(payload);
    const reason = message === undefined ? undefined : disconnectReasonName(message.reasonCode);
    this.#end({
      by: 'peer',
      ...(reason === undefined ? {} : { reason }),
      description: printable(message?.description ?? 'malformed SSH_MSG_DISCONNECT'),
    });
    // The peer listens no more (RFC 4253 section 11.1): there is nothing left to say.
    this.#stream.destroy();
  }

  /** The engine could not go on: a bad length, a bad MAC, no common algorithm. */
  #onEngineError(error: Error): void {
    if (this.#ended) return;
    const encrypted = this.#keyExchanges > 0;
    let reason: keyof typeof TOLD = 'PROTOCOL_ERROR';
    if (encrypted && CORRUPTED.test(error.message)) reason = 'MAC_ERROR';
    else if (!encrypted || this.#engine._kexinit !== undefined) reason = 'KEY_EXCHANGE_FAILED';
    this.#violate(reason, printable(error.message), { cause: error, told: TOLD[reason] });
  }

  #violate(
    reason: DisconnectReasonName,
    description: string,
    { cause, told = description, code = 'ERR_SSH_PROTOCOL' }: ViolationDetail = {},
  ): void {
    const error = new SshServerError(code, `${description} (${reason})`, { cause });
    this.#leave(DisconnectReason[reason], { by: 'server', reason, description, error }, told);
  }

  #leave(reason: number, end: TransportEnd, told = end.description): void {
    if (this.#ended) return;
    this.#sendDisconnect(reason, told);
    this.#end(end);
    this.#hangUp();
  }

  #sendDisconnect(reasonCode: number, description: string): void {
    // Before the client has identified itself it would not understand a packet.
    if (this.#ended || this.#saidGoodbye || this.#engine._decipher === undefined) return;
    this.#saidGoodbye = true;
    const exchange = this.#engine._kex;
    // The engine changes its own key with the client's NEWKEYS, too late for what follows ours: the client could not read it.
    if (exchange?._sentNEWKEYS === true && !exchange._receivedNEWKEYS) return;
    const payload = Disconnect.encode({ reasonCode, description, languageTag: '' });
    const { write } = this.#engine._packetRW;
    const packet = write.alloc(payload.length, true);
    packet.set(payload, write.allocStartKEX);
    sendPacket(this.#engine, write.finalize(packet, true), true);
  }

  #sendUnimplemented(): void {
    // The engine has counted the packet before handing it over.
    const packetSequenceNumber = ((this.#engine._decipher?.inSeqno ?? 1) - 1) >>> 0;
    this.send(Unimplemented.encode({ packetSequenceNumber }));
  }

  #stopReading(): void {
    if (this.#readingStopped) return;
    this.#readingStopped = true;
    this.#stream.pause();
  }

  readonly #onRelief = (): void => {
    this.#readingStopped = false;
    this.#goOn();
  };

  readonly #onStreamEnd = (): void => {
    this.#end({ by: 'peer', description: 'the client closed the connection' });
    this.#stream.destroy();
  };

  readonly #onStreamError = (cause: Error): void => {
    const error = new SshServerError('ERR_SSH_SOCKET', `the connection failed: ${cause.message}`, { cause });
    this.#end({ by: 'network', description: printable(cause.message), error });
    this.#stream.destroy();
  };

  readonly #onStreamClose = (): void => {
    this.#end({ by: 'network', description: 'the connection was closed' });
    this.#stopLingering?.();
    this.#stream.off('error', this.#onStreamError);
    this.#stream.off('close', this.#onStreamClose);
  };

  #end(end: TransportEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#trace?.flush();
    this.#keyRenewal.end();
    this.#signing.end();
    this.#stream.off('data', this.#onData);
    this.#stream.off('drain', this.#outlet.relieve);
    this.#stream.off('end', this.#onStreamEnd);
    this.#engine.cleanup();
    this.#compression?.close();
    this.#unread = undefined;
    this.#listener.onEnd(end);
  }

  /** Lets what was written leave, then closes; a peer that does not close in turn is cut off. */
  #hangUp(): void {
    const stream = this.#stream;
    // Unread bytes would keep the stream from noticing that the peer has closed.
    stream.resume();
    if (stream.destroyed) return;
    const closeNow = (): void => {
      stream.destroy();
    };
    const cancel = this.#settings.schedule(LINGER_MS, closeNow);
    stream.on('end', closeNow);
    this.#stopLingering = () => {
      cancel();
      stream.off('end', closeNow);
    };
    stream.end();
  }
}

const algorithmsOf = ({ kex, serverHostKey, cs, sc }: EngineNegotiated): NegotiatedAlgorithms => ({
  keyExchange: kex,
  hostKey: serverHostKey,
  cipherIn: cs.cipher,
  cipherOut: sc.cipher,
  macIn: cs.mac,
  macOut: sc.mac,
  ...(cs.compress === 'none' ? {} : { compressionIn: cs.compress }),
  ...(sc.compress === 'none' ? {} : { compressionOut: sc.compress }),
});
