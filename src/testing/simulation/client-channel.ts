/** What a client that reads at once has to offer, in bytes. */
const WINDOW_SIZE = 2 * 1024 * 1024;
const PACKET_SIZE = 32 * 1024;

/** The client's side of one channel: what it may send, and what waits for that. */
export class ClientChannel {
  /** Counts from 1 on its connection. */
  readonly ordinal: number;
  state: 'opening' | 'open' | 'closing' | 'closed' = 'opening';
  /** The server's number of it. */
  remote = 0;
  /** Requests that the server owes an answer to. */
  unanswered = 0;
  #window = 0;
  #packetSize = 0;
  #waiting = Buffer.alloc(0);
  #end: 'eof' | 'close' | undefined;

  constructor(ordinal: number) {
    this.ordinal = ordinal;
  }

  /** What SSH_MSG_CHANNEL_OPEN says of it. */
  get offer() {
    return {
      senderChannel: this.ordinal - 1,
      initialWindowSize: WINDOW_SIZE,
      maximumPacketSize: PACKET_SIZE,
    };
  }

  /** The server has opened it. */
  open(confirmation: {
    readonly senderChannel: number;
    readonly initialWindowSize: number;
    readonly maximumPacketSize: number;
  }): void {
    this.state = 'open';
    this.remote = confirmation.senderChannel;
    this.#window = confirmation.initialWindowSize;
    this.#packetSize = confirmation.maximumPacketSize;
  }

  /** The server takes more. */
  widen(bytes: number): void {
    this.#window += bytes;
  }

  /** Has `data` sent as soon as the server takes it. */
  write(data: Buffer): void {
    this.#waiting = Buffer.concat([this.#waiting, data]);
  }

  /** Has the end of data, or the end of all, sent behind what waits. */
  finish(end: 'eof' | 'close'): void {
    this.#end = end;
  }

  /** What may be sent now, packet by packet. */
  *take(): Iterable<Buffer> {
    while (this.#waiting.length > 0 && this.#window > 0) {
      const packet = this.#waiting.subarray(0, Math.min(this.#window, this.#packetSize));
      this.#waiting = this.#waiting.subarray(packet.length);
      this.#window -= packet.length;
      yield packet;
    }
  }

  /** The end to be sent now, if there is one. */
  takeEnd(): 'eof' | 'close' | undefined {
    if (this.#waiting.length > 0) return undefined;
    const end = this.#end;
    this.#end = undefined;
    if (end === 'close') this.state = 'closing';
    return end;
  }
}
