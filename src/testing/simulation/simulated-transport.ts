import { SshServerError } from '../../errors.js';
import { Disconnect } from '../../transport/messages/disconnect.js';
import { DisconnectReason, type DisconnectReasonName } from '../../transport/messages/disconnect-reason.js';
import { Unimplemented } from '../../transport/messages/unimplemented.js';
import { listenerFailure } from '../../transport/listener-failure.js';
import type { PacketTransport } from '../../transport/packet-transport.js';
import { printable } from '../../transport/printable.js';
import type { NegotiatedAlgorithms, TransportEnd, TransportListener } from '../../transport/transport-listener.js';

/** The client's end of a {@link SimulatedTransport}. */
export interface ClientEnd {
  /** The server is there and waits to hear who the client is. */
  onServer(): void;
  /** A payload has arrived. */
  onPayload(payload: Buffer): void;
  /** The server has closed. */
  onClose(): void;
}

/** How a client may go without a goodbye, and how a socket tells. */
const DEPARTURES = {
  hangUp: { by: 'peer', description: 'the client closed the connection' },
  reset: { by: 'network', description: 'read ECONNRESET' },
} as const;

/** As much as the real transport has unsent before it asks channels to wait, in bytes. */
const HIGH_WATER_MARK = 512 * 1024;

/** Carries payloads between a server and a simulated client: no bytes, no keys, and what is sent arrives at once. */
export class SimulatedTransport implements PacketTransport {
  readonly sessionId: Buffer;
  readonly #listener: TransportListener;
  readonly #client: ClientEnd;
  readonly #carry: (work: () => void) => void;
  #bytesRead = 0;
  #bytesWritten = 0;
  #underWay = 0;
  #received = 0;
  #keyExchanges = 0;
  #algorithms: NegotiatedAlgorithms | undefined;
  #ended = false;

  /** @param carry - calls what it is given later, in the order in which it was given */
  constructor(sessionId: Buffer, listener: TransportListener, client: ClientEnd, carry: (work: () => void) => void) {
    this.sessionId = sessionId;
    this.#listener = listener;
    this.#client = client;
    this.#carry = carry;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  get writable(): boolean {
    return !this.#ended && this.#underWay < HIGH_WATER_MARK;
  }

  start(): void {
    this.#carry(() => {
      if (!this.#ended) this.#client.onServer();
    });
  }

  send(head: Uint8Array, body?: Uint8Array): void {
    if (this.#ended) return;
    // A copy: the server may use its memory again.
    this.#deliver(body === undefined ? Buffer.from(head) : Buffer.concat([head, body]));
  }

  rekey(): void {
    this.#carry(() => {
      this.#exchangeKeys();
    });
  }

  disconnect(reason: DisconnectReasonName, description: string): void {
    this.#leave({ by: 'server', reason, description });
  }

  violation(reason: DisconnectReasonName, description: string): void {
    const error = new SshServerError('ERR_SSH_PROTOCOL', `${description} (${reason})`);
    this.#leave({ by: 'server', reason, description, error });
  }

  destroy(description: string): void {
    if (this.#ended) return;
    this.#end({ by: 'server', description });
    this.#close();
  }

  /** The client has identified itself, and keys have been exchanged. */
  identify(line: string, algorithms: NegotiatedAlgorithms): void {
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
    } else this.#exchangeKeys();
  }

  /** A payload of the client has arrived. */
  receive(payload: Buffer): void {
    if (this.#ended) return;
    this.#bytesRead += payload.length;
    this.#received += 1;
    try {
      if (this.#listener.onPayload(payload)) return;
    } catch (cause) {
      this.#leave(listenerFailure(cause));
      return;
    }
    this.send(Unimplemented.encode({ packetSequenceNumber: this.#received - 1 }));
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
      const error = new SshServerError('ERR_SSH_SOCKET', `the connection failed: ${end.description}`);
      this.#end({ ...end, error });
    }
  }

  #exchangeKeys(): void {
    if (this.#ended || this.#algorithms === undefined) return;
    this.#keyExchanges += 1;
    this.#listener.onKeysExchanged(this.#algorithms, this.#keyExchanges);
  }

  #deliver(payload: Buffer): void {
    this.#bytesWritten += payload.length;
    this.#underWay += payload.length;
    this.#carry(() => {
      const wasFull = this.#underWay >= HIGH_WATER_MARK;
      this.#underWay -= payload.length;
      this.#client.onPayload(payload);
      if (wasFull && this.writable) this.#listener.onWritable();
    });
  }

  #leave(end: TransportEnd & { readonly reason: DisconnectReasonName }): void {
    if (this.#ended) return;
    const { reason, description } = end;
    this.#deliver(Disconnect.encode({ reasonCode: DisconnectReason[reason], description, languageTag: '' }));
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
    this.#listener.onEnd(end);
  }
}
