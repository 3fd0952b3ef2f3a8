import type { EnginePacketWriter } from './engine/ssh2-internals.js';
import { SSH_MSG } from './messages/message-number.js';

/** What a {@link PacketTrace} is made of. */
export interface PacketTraceParts {
  readonly tell: (direction: 'in' | 'out', number: number, length: number) => void;
  /** Whether the transport has ended, as whoever is told can bring about. */
  readonly isOver: () => boolean;
}

/** Where a packet made for a cipher has the length of its padding. */
const PADDING_LENGTH_AT = 4;

/**
 * Tells of packets, whatever is in them. The engine sends those of a key exchange by itself, in the middle of its work, where
 * nobody may be told anything who could end the connection: they are noted, and told with the next packet or by {@link flush}.
 */
export class PacketTrace {
  readonly #parts: PacketTraceParts;
  readonly #watched = new WeakSet<EnginePacketWriter>();
  readonly #noted: { readonly number: number; readonly length: number }[] = [];

  constructor(parts: PacketTraceParts) {
    this.#parts = parts;
  }

  /** Notes what the engine sends by `writer`, of which it has a new one with each change of keys. */
  watch(writer: EnginePacketWriter): void {
    if (this.#watched.has(writer)) return;
    this.#watched.add(writer);
    const finalize = writer.finalize.bind(writer);
    writer.finalize = (packet, evenDuringKeyExchange) => {
      if (evenDuringKeyExchange === true) this.#note(packet, writer.allocStartKEX);
      return finalize(packet, evenDuringKeyExchange);
    };
  }

  received(payload: Uint8Array): void {
    this.flush();
    if (!this.#parts.isOver()) this.#parts.tell('in', payload[0] ?? 0, payload.length);
  }

  sent(number: number, length: number): void {
    this.flush();
    if (!this.#parts.isOver()) this.#parts.tell('out', number, length);
  }

  /** Tells what was noted. */
  flush(): void {
    for (let next = this.#noted.shift(); next !== undefined; next = this.#noted.shift()) {
      this.#parts.tell('out', next.number, next.length);
    }
  }

  #note(packet: Buffer, start: number): void {
    const number = packet[start] ?? 0;
    // The end of the connection tells of itself.
    if (number === SSH_MSG.DISCONNECT) return;
    const padding = packet[PADDING_LENGTH_AT] ?? 0;
    this.#noted.push({ number, length: start === 0 ? packet.length : packet.readUInt32BE(0) - 1 - padding });
  }
}
