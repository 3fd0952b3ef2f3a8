import { SshServerError } from '../../errors.js';
import { Disconnect } from '../../transport/messages/disconnect.js';
import { DisconnectReason, type DisconnectReasonName } from '../../transport/messages/disconnect-reason.js';
import { Unimplemented } from '../../transport/messages/unimplemented.js';
import { KeyRenewal } from '../../transport/key-renewal.js';
import { listenerFailure } from '../../transport/listener-failure.js';
import type { PacketTransport } from '../../transport/packet-transport.js';
import { printable } from '../../transport/printable.js';
import type { NegotiatedAlgorithms, TransportEnd, TransportListener } from '../../transport/transport-listener.js';
import type { TransportSettings } from '../../transport/transport-settings.js';

/** The client's end of a {@link SimulatedTransport}. */
export interface ClientEnd {
  /** The server is there and waits to hear who the client is. */
  onServer(): void;
  /** A payload has arrived. */
  onPayload(payload: Buffer): void;
  /** The server has closed. */
  onClose(): void;
}

/** Sees a payload on its way to the server or to the client. */
export type PayloadTap = (to: 'server' | 'client', payload: Buffer) => void;

/** How a client may go without a goodbye, and how a socket tells. */
const DEPARTURES = {
  hangUp: { by: 'peer', description: 'the client closed the connection' },
  reset: { by: 'network', description: 'read ECONNRESET' },
} as const;

/** As much as the real transport has unsent before it asks channels to wait, in bytes. */
const HIGH_WATER_MARK = 512 * 1024;

/** What a {@link SimulatedTransport} is made of. */
export interface SimulatedTransportParts {
  readonly sessionId: Buffer;
  readonly settings: TransportSettings;
  readonly client: ClientEnd;
  /** Calls what it is given later, in the order in which it was given. */
  readonly carry: (work: () => void) => void;
  /** Sees what the server receives and sends, at that moment. */
  readonly tap: PayloadTap | undefined;
}

/** Carries payloads between a server and a simulated client: no bytes, no keys, and what is sent arrives at once. */
export class SimulatedTransport implements PacketTransport {
  readonly sessionId: Buffer;
  readonly #listener: TransportListener;
  readonly #client: ClientEnd;
  readonly #carry: (work: () => void) => void;
  readonly #tap: PayloadTap | undefined;
  readonly #traces: boolean;
  #bytesRead = 0;
  readonly #outlet = { bytesWritten: 0, unsent: 0 };
  readonly #sentPackets = { outSeqno: 0 };
  readonly #receivedPackets = { inSeqno: 0 };
  readonly #keyRenewal: KeyRenewal;
  #underWay = 0;
  #keyExchanges = 0;
  #algorithms: NegotiatedAlgorithms | undefined;
  #ended = false;

  constructor(listener: TransportListener, { sessionId, settings, client, carry, tap }: SimulatedTransportParts) {
    this.#tap = tap;
    this.#traces = settings.tracesPackets === true;
    this.sessionId = sessionId;
    this.#listener = listener;
    this.#client = client;
    this.#carry = carry;
    this.#keyRenewal = new KeyRenewal({
      settings,
      engine: { _cipher: this.#sentPackets, _decipher: this.#receivedPackets },
      outlet: this.#outlet,
      received: () => this.#bytesRead,
      renew: () => {
        this.rekey();
      },
      // An exchange takes no time.
      onMissed: () => undefined,
    });
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  get bytesWritten(): number {
    return this.#outlet.bytesWritten;
  }

  get writable(): boolean {
    return !this.#ended && this.#underWay < HIGH_WATER_MARK;
  }

  /** A greeting is bytes, and no payload: clients do not hear it. */
  start(): void {
    this.#carry(() => {
      if (!this.#ended) this.#client.onServer();
    });
  }

  send(head: Uint8Array, body?: Uint8Array): void {
    if (this.#ended) return;
    // A copy: the server may use its memory again.
    const payload = body === undefined ? Buffer.from(head) : Buffer.concat([head, body]);
    this.#deliver(payload);
    this.#keyRenewal.onSent();
    this.#trace('out', payload);
  }

  rekey(): void {
    this.#carry(() => {
      this.#exchangeKeys('server');
    });
  }

  disconnect(reason: DisconnectReasonName, description: string): void {
    this.#leave({ by: 'server', reason, description: printable(description) }, description);
  }

  violation(reason: DisconnectReasonName, description: string): void {
    const error = new SshServerError('ERR_SSH_PROTOCOL', `${description} (${reason})`);
    this.#leave({ by: 'server', reason, description, error });
  }

  destroy(description: string): void {
    if (this.#ended) return;
    this.#end({ by: 'server', description: printable(description) });
    this.#close();
  }

  /** The client has identified itself, and keys have been exchanged; without algorithms it has gone before that. */
  identify(line: string, algorithms?: NegotiatedAlgorithms): void {
    if (this.#ended) return;
    this.#algorithms = algorithms;
    this.#listener.onIdentification(printable(line));
    this.#exchangeKeys();
  }

  /** The client exchanges keys again. */
  rekeyByClient(): void {
    if (this.#ended) return;
    if (this.#keyExchanges >= this.#listener.maxKeyExchanges()) {
      this.violation('PROTOCOL_ERROR', 'too many key exchanges before authentication');
    } else if (this.#keyRenewal.admits()) this.#exchangeKeys('client');
    else this.violation('PROTOCOL_ERROR', 'too many key exchanges for so little time and traffic');
  }

  /** A payload of the client has arrived. */
  receive(payload: Buffer): void {
    if (this.#ended) return;
    this.#tap?.('server', payload);
    this.#bytesRead += payload.length;
    this.#trace('in', payload);
    if (this.#hasEnded()) return;
    const packetSequenceNumber = this.#receivedPackets.inSeqno;
    this.#receivedPackets.inSeqno += 1;
    try {
      if (!this.#listener.onPayload(payload)) this.send(Unimplemented.encode({ packetSequenceNumber }));
    } catch (cause) {
      this.#leave(listenerFailure(cause));
    }
    this.#keyRenewal.onReceived();
  }

  /** The client has said goodbye. */
  disconnectByClient(reason: DisconnectReasonName, description: string): void {
    this.#end({ by: 'peer', reason, description: printable(description) });
  }

  /** The client has gone without a word. */
  leaveByClient(how: keyof typeof DEPARTURES): void {
    const end: TransportEnd = DEPARTURES[how];
    if (end.by === 'peer') this.#end(end);
    else {
      const cause = new Error(end.description);
      const error = new SshServerError('ERR_SSH_SOCKET', `the connection failed: ${end.description}`, { cause });
      this.#end({ ...end, error });
    }
  }

  /** @param by who began it; of the first exchange the listener knows already */
  #exchangeKeys(by?: 'client' | 'server'): void {
    if (this.#ended || this.#algorithms === undefined) return;
    if (by !== undefined && this.#keyExchanges > 0) this.#listener.onKeyExchangeBegun(by, this.#keyExchanges + 1);
    if (this.#hasEnded()) return;
    this.#listener.onAlgorithmsNegotiated(this.#algorithms, this.#keyExchanges + 1);
    if (this.#hasEnded()) return;
    this.#keyExchanges += 1;
    this.#keyRenewal.onKeysExchanged();
    this.#listener.onKeysExchanged(this.#algorithms, this.#keyExchanges);
  }

  #trace(direction: 'in' | 'out', payload: Buffer): void {
    if (this.#traces) this.#listener.onPacket(direction, payload[0] ?? 0, payload.length);
  }

  /** Whoever was told of something may have ended the connection. */
  #hasEnded(): boolean {
    return this.#ended;
  }

  #deliver(payload: Buffer): void {
    this.#tap?.('client', payload);
    this.#outlet.bytesWritten += payload.length;
    this.#sentPackets.outSeqno += 1;
    this.#underWay += payload.length;
    this.#carry(() => {
      const wasFull = this.#underWay >= HIGH_WATER_MARK;
      this.#underWay -= payload.length;
      this.#client.onPayload(payload);
      if (wasFull && this.writable) this.#listener.onWritable();
    });
  }

  /** @param told - what the client hears */
  #leave(end: TransportEnd & { readonly reason: DisconnectReasonName }, told = end.description): void {
    if (this.#ended) return;
    const reasonCode = DisconnectReason[end.reason];
    this.#deliver(Disconnect.encode({ reasonCode, description: told, languageTag: '' }));
    this.#end(end);
    this.#close();
  }

  #close(): void {
    this.#carry(() => {
      this.#client.onClose();
    });
  }

  #end(end: TransportEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#keyRenewal.end();
    this.#listener.onEnd(end);
  }
}
