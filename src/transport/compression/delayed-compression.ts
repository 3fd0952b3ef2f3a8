import type { EngineOffer, EnginePacketCodecs, EnginePacketWriter, EngineProtocol } from '../engine/ssh2-internals.js';
import { SSH_MSG } from '../messages/message-number.js';
import { COMPRESSION_AFTER_AUTHENTICATION } from './compression-algorithms.js';
import { Deflater } from './deflater.js';
import { Inflater } from './inflater.js';
import { BYTES_PER_MS, TURN_BUDGET, type TurnBudget } from './turn-budget.js';

/** To inflate a byte costs about an eighth of what it costs to deflate one. */
const INFLATED_BYTES_PER_DEFLATED = 8;
/** Where a packet of the engine's has its payload: behind its length and the length of its padding. */
const PAYLOAD_START = 5;

/**
 * The compression `zlib@openssh.com` of one connection: none before USERAUTH_SUCCESS, from then on each direction as it was
 * negotiated.
 *
 * Each key exchange begins new streams (RFC 4253 section 6.2). Their memory is taken when the first packet is there and freed by
 * {@link close}. The engine's own codec is not used: it inflates without bound, reads KEXINIT twice, and throws out of whatever
 * sends something behind the end.
 */
export class DelayedCompression implements EnginePacketCodecs {
  readonly read: EnginePacketCodecs['read'];
  readonly #engine: EngineProtocol;
  readonly #onTurn: () => void;
  readonly #budget: TurnBudget;
  /** The engine's writer, which does not compress. */
  #plain: EnginePacketWriter;
  readonly #compressing: EnginePacketWriter;
  #hasBegun = false;
  #deflates = false;
  #inflates = false;
  #deflater: Deflater | undefined;
  #inflater: Inflater | undefined;
  #waits = false;
  readonly #now: () => number;

  /**
   * @param onTurn - called when {@link waits} has become false again
   * @param now - the time, in milliseconds since any moment, by which work is measured
   */
  constructor(
    engine: EngineProtocol,
    onTurn: () => void,
    budget: TurnBudget = TURN_BUDGET,
    now = () => performance.now(),
  ) {
    this.#engine = engine;
    this.#onTurn = onTurn;
    this.#budget = budget;
    this.#now = now;
    this.#plain = engine._packetRW.write;
    this.#compressing = {
      allocStart: 0,
      allocStartKEX: 0,
      alloc: (length) => Buffer.allocUnsafe(length),
      finalize: (payload, evenDuringKeyExchange) =>
        // In a key exchange the engine queues payloads; they come again when it knows how to send them.
        evenDuringKeyExchange === true || engine._kexinit === undefined ? this.#packet(payload) : payload,
      cleanup: () => undefined,
    };
    this.read = engine._packetRW.read;
    engine._packetRW = this;
  }

  /** Whether an offer leaves it to clients to compress. */
  static isIn(offer: EngineOffer): boolean {
    return offer.lists.cs.compress.array.includes(COMPRESSION_AFTER_AUTHENTICATION);
  }

  /** The one that compresses also sees when authentication has succeeded, whether or not it has anything to compress. */
  get write(): EnginePacketWriter {
    return this.#deflates || !this.#hasBegun ? this.#compressing : this.#plain;
  }

  /** The engine puts in another one the moment that it changes the keys. */
  set write(plain: EnginePacketWriter) {
    this.#plain = plain;
    const { cs, sc } = this.#engine._kex?.negotiated ?? {};
    this.#inflates = cs?.compress === COMPRESSION_AFTER_AUTHENTICATION;
    this.#deflates = sc?.compress === COMPRESSION_AFTER_AUTHENTICATION;
    this.#inflater?.reset();
    this.#deflater?.reset();
  }

  /** Whether it is for others to compress now; what is sent or received all the same counts for the next turn. */
  get waits(): boolean {
    return this.#waits;
  }

  /** Whether the next packet has to wait, because this turn is used up, be it by others: asked before one is read. */
  awaitTurn(): boolean {
    if (this.#hasBegun && this.#inflates) this.#waitIfSpent();
    return this.#waits;
  }

  /** @returns the payload of a packet that has come, or why it has none: then the connection cannot go on */
  inflate(payload: Buffer): Buffer | Error {
    if (!this.#hasBegun || !this.#inflates) return payload;
    this.#inflater ??= new Inflater();
    const startedAt = this.#now();
    const inflated = this.#inflater.inflate(payload);
    if (inflated instanceof Error) return inflated;
    // A packet of nothing but code tables costs a hundred times what its few bytes would: neither length tells, only the time.
    const measured = (this.#now() - startedAt) * BYTES_PER_MS;
    this.#spend(Math.max(inflated.length / INFLATED_BYTES_PER_DEFLATED, measured));
    return inflated;
  }

  /** The connection has ended. */
  close(): void {
    this.#budget.forget(this.#goOn);
    this.#deflater?.close();
    this.#inflater?.close();
  }

  #packet(payload: Buffer): Buffer {
    const compressed = this.#hasBegun && this.#deflates ? this.#deflate(payload) : payload;
    if (payload[0] === SSH_MSG.USERAUTH_SUCCESS) this.#hasBegun = true;
    const packet = this.#engine._cipher.allocPacket(compressed.length);
    packet.set(compressed, PAYLOAD_START);
    return packet;
  }

  #deflate(payload: Buffer): Buffer {
    this.#deflater ??= new Deflater();
    const compressed = this.#deflater.deflate(payload);
    this.#spend(payload.length);
    return compressed;
  }

  #spend(bytes: number): void {
    this.#budget.spend(bytes);
    this.#waitIfSpent();
  }

  #waitIfSpent(): void {
    if (this.#waits || !this.#budget.isSpent) return;
    this.#waits = true;
    this.#budget.wait(this.#goOn);
  }

  readonly #goOn = (): void => {
    this.#waits = false;
    this.#onTurn();
  };
}
