import type { KeyObject } from 'node:crypto';
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import { HYBRID, HybridKeys } from './wire-client-hybrid.js';
import { namesOf } from './wire-client-packets.js';
import * as send from './wire-client-payloads.js';

/** A key exchange of the client's. */
interface ClientExchange {
  readonly sessionID: Buffer | undefined;
  readonly negotiated: {
    readonly cs: { readonly compress: string };
    readonly sc: { readonly compress: string };
  };
  readonly _keys: { readonly privateKey: KeyObject };
  getPublicKey: () => Buffer;
  convertPublicKey: (reply: Buffer) => Buffer;
  computeSecret: (reply: Buffer) => Buffer;
}

type PayloadHandler = (payload: Buffer) => number | false | undefined;

interface ClientOffer {
  readonly lists: { readonly kex: object };
}

/** The half of `ssh2` that a client needs, as far as tests touch it. */
interface ClientEngine {
  start(): void;
  parse(chunk: Buffer, offset: number, length: number): void;
  rekey(): void;
  cleanup(): void;
  _onPayload: PayloadHandler;
  _offer: ClientOffer;
  readonly _kex: ClientExchange | undefined;
  readonly _kexinit: Buffer | undefined;
  _decipher: { inSeqno: number; _onPayload: PayloadHandler } | undefined;
  readonly _cipher: { readonly outSeqno: number; allocPacket(payloadLength: number): Buffer };
  _authenticated: boolean;
  readonly _packetRW: { read: PacketReader; write: PacketWriter };
}

interface PacketReader {
  read(payload: Buffer): Buffer;
  cleanup(): void;
}

interface PacketWriter {
  readonly allocStartKEX: number;
  alloc(length: number, force: boolean): Buffer;
  finalize: (packet: Buffer, force: boolean) => Buffer;
}

interface ClientConfig {
  readonly server: false;
  readonly offer: object;
  readonly ident: string;
  readonly messageHandlers: { readonly DISCONNECT: (engine: unknown, reason: number, text: string) => void };
  readonly onWrite: (data: Buffer | string) => void;
  readonly onError: (error: Error) => void;
  readonly onHeader: () => void;
  readonly onHandshakeComplete: () => void;
  readonly hostVerifier: (hostKey: Buffer) => boolean;
}

const KEXDH_INIT = 30;

const load = createRequire(import.meta.url);
// CommonJS files without types; the engine contract test proves the parts that both sides use.
const Engine = load('ssh2/lib/protocol/Protocol.js') as new (config: ClientConfig) => ClientEngine;
const { KexInit } = load('ssh2/lib/protocol/kex.js') as { KexInit: new (lists: object) => ClientOffer };
const { ZlibPacketReader, ZlibPacketWriter } = load('ssh2/lib/protocol/zlib.js') as {
  ZlibPacketReader: new () => PacketReader;
  ZlibPacketWriter: new (engine: ClientEngine) => PacketWriter;
};
const { sendPacket } = load('ssh2/lib/protocol/utils.js') as {
  sendPacket: (engine: ClientEngine, packet: Buffer, force: boolean) => boolean;
};

/** What a {@link WireClient} offers and how it behaves. */
export interface WireClientOptions {
  /** Default curve25519-sha256. `mlkem768x25519-sha256` works with servers that have curve25519-sha256 as well. */
  readonly keyExchange?: readonly string[];
  /** Default aes128-gcm@openssh.com. */
  readonly ciphers?: readonly string[];
  /** Default hmac-sha2-256-etm@openssh.com. */
  readonly macs?: readonly string[];
  /** Default ssh-ed25519. */
  readonly hostKeyAlgorithms?: readonly string[];
  /** Default none. `zlib@openssh.com` is the engine's own, which is not that of the server. */
  readonly compression?: readonly string[];
  /** The same for what the client sends, if that is to be another. */
  readonly compressionUp?: readonly string[];
  /** Whether the client wants EXT_INFO. Default false. */
  readonly extInfo?: boolean;
  /** The public value that the client sends in its `ordinal`-th key exchange, in place of the right one. */
  readonly publicValue?: (right: Buffer, ordinal: number) => Buffer;
}

/** How a server said goodbye. */
export interface Goodbye {
  readonly reason: number;
  readonly description: string;
}

interface Waiter {
  readonly matches: (payload: Buffer) => boolean;
  readonly wanted: string;
  readonly resolve: (payload: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A client that keeps the rules of the transport and of nothing above it: it sends any payload at any time and keeps
 * every payload that it gets.
 */
export class WireClient {
  readonly stream: Duplex;
  /** The host key of each key exchange, whose signature the engine has verified if the exchange is complete. */
  readonly hostKeys: Buffer[] = [];
  /** What the server has told of its host keys, payloads of `hostkeys-00@openssh.com`; they are nowhere else. */
  readonly announcements: Buffer[] = [];
  /** Every other payload received after the first key exchange, in order, whether taken or not. */
  readonly payloads: Buffer[] = [];
  /** Settles once the server has closed the connection. */
  readonly closed: Promise<void>;
  /** What the engine could not make sense of; undefined if all was well. */
  fault: Error | undefined;
  goodbye: Goodbye | undefined;
  /** Called with each payload before it is kept; true keeps it to the caller. */
  onPayload: ((payload: Buffer) => boolean) | undefined;
  /** Sent in one piece with the KEXDH_INIT of a key re-exchange, behind it. */
  behindKexdhInit: readonly Buffer[] = [];
  /** Key exchanges completed. */
  exchanges = 0;
  readonly #engine: ClientEngine;
  #options: WireClientOptions;
  readonly #untaken: Buffer[] = [];
  readonly #waiters = new Set<Waiter>();
  #onExchange: (() => void)[] = [];
  /** Of the key exchange under way, if it is a hybrid one. */
  #hybrid: HybridKeys | undefined;
  #isClosed = false;

  constructor(stream: Duplex, options: WireClientOptions = {}) {
    this.stream = stream;
    this.#options = options;
    this.#engine = new Engine({
      server: false,
      offer: offerOf(options),
      ident: 'WireClient',
      messageHandlers: {
        DISCONNECT: (_engine, reason, description) => {
          this.goodbye = { reason, description };
        },
      },
      onWrite: (data) => {
        if (stream.writable) stream.write(data);
      },
      onError: (error) => {
        this.#fail(error);
      },
      onHeader: () => {
        const decipher = this.#engine._decipher;
        if (decipher === undefined) return;
        const engine = decipher._onPayload;
        decipher._onPayload = (payload) =>
          payload[0] === 20 ? this.#takeKexinit(engine, Buffer.from(payload)) : engine(payload);
      },
      hostVerifier: (hostKey) => {
        this.hostKeys.push(Buffer.from(hostKey));
        return true;
      },
      onHandshakeComplete: () => {
        this.exchanges += 1;
        this.#tamper();
        for (const resolve of this.#onExchange.splice(0)) resolve();
      },
    });
    this.#tamper();
    const engineOnPayload = this.#engine._onPayload;
    this.#engine._onPayload = (packet) => {
      const payload = this.#engine._packetRW.read.read(packet);
      const number = payload[0] ?? 0;
      if (number === 52) this.#compress();
      if (number === 1 || number === 20) {
        // The engine answers KEXINIT with KEXDH_INIT at once.
        stream.cork();
        const copy = Buffer.from(payload);
        const engine = this.#asRead(engineOnPayload);
        const result = number === 20 ? this.#takeKexinit(engine, copy) : engine(copy);
        if (number === 20) {
          this.#relax();
          this.send(...this.behindKexdhInit);
        }
        stream.uncork();
        return result;
      }
      this.#keep(Buffer.from(payload));
      return undefined;
    };
    this.closed = new Promise((resolve) => {
      stream.once('close', () => {
        this.#isClosed = true;
        for (const waiter of this.#waiters) waiter.reject(this.#gone(waiter.wanted));
        this.#waiters.clear();
        resolve();
      });
    });
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => {
      if (this.fault !== undefined) return;
      try {
        this.#engine.parse(chunk, 0, chunk.length);
      } catch (error) {
        this.#fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
    stream.on('end', () => {
      stream.end();
    });
    this.#engine.start();
  }

  /** Connects over TCP. */
  static async connect(port: number, options?: WireClientOptions): Promise<WireClient> {
    return new WireClient(await connectSocket(port), options);
  }

  /** Whether the server has closed the connection. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The session identifier; available after the first key exchange. */
  get sessionId(): Buffer {
    return this.#engine._kex?.sessionID ?? Buffer.alloc(0);
  }

  /** The sequence number of the next packet that will be sent. */
  get nextSequenceNumber(): number {
    return this.#engine._cipher.outSeqno;
  }

  /** Settles once `count` key exchanges are complete. */
  async exchanged(count = 1): Promise<void> {
    while (this.exchanges < count) {
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#onExchange.push(resolve);
        }),
        this.closed.then(() => {
          throw this.#gone('a key exchange');
        }),
      ]);
    }
  }

  /** Sends payloads at once, in the middle of a key exchange too. */
  send(...payloads: readonly Buffer[]): void {
    this.stream.cork();
    for (const payload of payloads) {
      const { write } = this.#engine._packetRW;
      const packet = write.alloc(payload.length, true);
      packet.set(payload, write.allocStartKEX);
      sendPacket(this.#engine, write.finalize(packet, true), true);
    }
    this.stream.uncork();
  }

  /** Sends a packet with a payload that is not compressed, nor anything else that the server expects. */
  sendRaw(payload: Buffer): void {
    const packet = this.#engine._cipher.allocPacket(payload.length);
    packet.set(payload, 5);
    sendPacket(this.#engine, packet, true);
  }

  /** Offers something else from the next key exchange on. */
  offerNext(options: Pick<WireClientOptions, 'keyExchange' | 'ciphers' | 'macs' | 'compression'>): void {
    this.#options = { ...this.#options, ...options };
    this.#engine._offer = offerOf(this.#options);
  }

  /** Starts a key re-exchange. */
  rekey(): void {
    this.#engine.rekey();
  }

  /** The next payload with one of `numbers`; those before it stay. Rejects if the connection closes first. */
  take(...numbers: readonly number[]): Promise<Buffer> {
    return this.#take((payload) => numbers.includes(payload[0] ?? 0), numbers.join(' or '));
  }

  /** The next message for a channel, by the client's number of it. */
  takeFor(channel: number): Promise<Buffer> {
    return this.#take(
      (payload) => (payload[0] ?? 0) >= 91 && payload.readUInt32BE(1) === channel,
      `a message for channel ${String(channel)}`,
    );
  }

  /** Asks a question of the server's, and waits for its answer: everything sent before has been dealt with by then. */
  async sync(): Promise<void> {
    this.send(send.globalRequest('sync@test', true));
    await this.take(82);
  }

  /** Exchanges keys and signs in. */
  async login(password = 'secret'): Promise<this> {
    await this.exchanged();
    this.send(send.serviceRequest(), send.authPassword(password));
    await this.take(6);
    await this.take(52);
    return this;
  }

  /** Opens a channel. @returns the server's number of it */
  async open(fields: send.ChannelOpenFields = {}): Promise<number> {
    this.send(send.channelOpen(fields));
    return (await this.take(91)).readUInt32BE(5);
  }

  /** Closes without a word. */
  destroy(): void {
    this.stream.destroy();
  }

  #take(matches: (payload: Buffer) => boolean, wanted: string): Promise<Buffer> {
    const index = this.#untaken.findIndex(matches);
    const [found] = index === -1 ? [] : this.#untaken.splice(index, 1);
    if (found !== undefined) return Promise.resolve(found);
    if (this.#isClosed) return Promise.reject(this.#gone(wanted));
    return new Promise((resolve, reject) => {
      this.#waiters.add({ matches, wanted, resolve, reject });
    });
  }

  #keep(payload: Buffer): void {
    // A server tells its host keys when it likes; what is said about anything else would have to count with it.
    if (payload[0] === 80 && payload.includes('hostkeys-00@openssh.com')) {
      this.announcements.push(payload);
      return;
    }
    if (this.onPayload?.(payload) === true) return;
    this.payloads.push(payload);
    for (const waiter of this.#waiters) {
      if (!waiter.matches(payload)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(payload);
      return;
    }
    this.#untaken.push(payload);
  }

  /**
   * Lets the engine answer a server's KEXINIT. It knows no hybrid method, so it is made to choose X25519, whose public value is
   * exchanged on its way out; the rest of the exchange is ours.
   */
  #takeKexinit(engine: PayloadHandler, payload: Buffer): ReturnType<PayloadHandler> {
    const [offered = []] = namesOf(payload);
    const { keyExchange = [] } = this.#options;
    if (keyExchange.find((name) => offered.includes(name)) !== HYBRID) {
      this.#hybrid = undefined;
      return engine(payload);
    }
    const keys = new HybridKeys();
    this.#hybrid = keys;
    const { _offer: offer } = this.#engine;
    this.#engine._offer = Object.create(offer, {
      lists: { value: { ...offer.lists, kex: { ...offer.lists.kex, array: ['curve25519-sha256'] } } },
    }) as ClientOffer;
    const result = engine(payload);
    this.#engine._offer = offer;
    const exchange = this.#engine._kex;
    if (exchange === undefined) return result;
    const x25519PublicKey = exchange.getPublicKey();
    exchange.getPublicKey = () => keys.init(x25519PublicKey);
    exchange.convertPublicKey = (reply) => reply;
    exchange.computeSecret = (reply) => keys.secret(reply, exchange._keys.privateKey);
    return result;
  }

  /** USERAUTH_SUCCESS is there: compression begins, as the engine does it in its own handler of that message. */
  #compress(): void {
    const engine = this.#engine;
    if (engine._authenticated) return;
    engine._authenticated = true;
    const { cs, sc } = engine._kex?.negotiated ?? {};
    if (sc?.compress === 'zlib@openssh.com') engine._packetRW.read = new ZlibPacketReader();
    if (cs?.compress !== 'zlib@openssh.com') return;
    engine._packetRW.write = new ZlibPacketWriter(engine);
    this.#tamper();
  }

  /** Keeps a handler of the engine's from decompressing again what has been read. */
  #asRead(handler: PayloadHandler): PayloadHandler {
    return (payload) => {
      const codecs = this.#engine._packetRW;
      const { read: reader } = codecs;
      const identity: PacketReader = {
        read: (it) => it,
        cleanup: () => {
          reader.cleanup();
        },
      };
      codecs.read = identity;
      const result = handler(payload);
      // New keys bring a new one.
      if (codecs.read === identity) codecs.read = reader;
      return result;
    };
  }

  /** Replaces the public values of the key exchange to come on their way out. */
  #tamper(): void {
    const { publicValue = (right: Buffer) => right } = this.#options;
    const { write } = this.#engine._packetRW;
    const finalize = write.finalize.bind(write);
    write.finalize = (packet, force) => {
      const start = write.allocStartKEX;
      if (packet[start] !== KEXDH_INIT) return finalize(packet, force);
      const length = packet.readUInt32BE(start + 1);
      const x25519 = packet.subarray(start + 5, start + 5 + length);
      const value = publicValue(this.#hybrid?.init(x25519) ?? x25519, this.exchanges + 1);
      const replaced = write.alloc(5 + value.length, true);
      replaced.writeUInt32BE(value.length, replaced.writeUInt8(KEXDH_INIT, start));
      replaced.set(value, start + 5);
      return finalize(replaced, force);
    };
  }

  /** Takes what the server has sent before it saw our KEXINIT, as RFC 4253 section 7.1 allows. */
  #relax(): void {
    const decipher = this.#engine._decipher;
    if (decipher === undefined) return;
    const engine = this.#asRead(decipher._onPayload);
    decipher._onPayload = (packet) => {
      const payload = this.#engine._packetRW.read.read(packet);
      const number = payload[0] ?? 0;
      if (number >= 20 && number < 50) return engine(payload);
      return number === 1 ? engine(payload) : (this.#keep(Buffer.from(payload)), undefined);
    };
  }

  #fail(error: Error): void {
    this.fault ??= error;
    this.stream.destroy();
  }

  #gone(wanted: string): Error {
    const seen = this.payloads.map((payload) => payload[0]).join(' ');
    const { goodbye, fault } = this;
    const end = goodbye === undefined ? (fault?.message ?? 'no goodbye') : JSON.stringify(goodbye);
    return new Error(`the connection closed while waiting for ${wanted}; got ${seen}; ${end}`);
  }
}

function offerOf(options: WireClientOptions): ClientOffer {
  const direction = {
    cipher: options.ciphers ?? ['aes128-gcm@openssh.com'],
    mac: options.macs ?? ['hmac-sha2-256-etm@openssh.com'],
    compress: options.compression ?? ['none'],
    lang: [],
  };
  return new KexInit({
    kex: [
      ...(options.keyExchange ?? ['curve25519-sha256']),
      ...(options.extInfo === true ? ['ext-info-c'] : []),
      'kex-strict-c-v00@openssh.com',
    ],
    serverHostKey: options.hostKeyAlgorithms ?? ['ssh-ed25519'],
    cs: { ...direction, compress: options.compressionUp ?? direction.compress },
    sc: direction,
  });
}

/** A TCP connection to the loopback interface. */
export function connectSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
