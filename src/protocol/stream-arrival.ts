import type { Duplex } from 'node:stream';

import type { PacketTransport } from '../transport/packet-transport.js';
import { Transport } from '../transport/transport.js';
import type { TransportListener } from '../transport/transport-listener.js';
import type { TransportSettings } from '../transport/transport-settings.js';
import type { Arrival } from './arrival.js';

/** A client at the other end of a stream of bytes. */
export class StreamArrival implements Arrival {
  readonly #stream: Duplex;

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  get isGone(): boolean {
    return this.#stream.destroyed || this.#stream.readableEnded;
  }

  /** Until the transport listens, a peer that resets the connection must not end the process; after `gone` neither. */
  whenGone(gone: () => void): () => void {
    const stream = this.#stream;
    const stop = (): void => {
      stream.off('error', gone).off('close', onClose);
    };
    const onClose = (): void => {
      gone();
      stop();
    };
    stream.on('error', gone).on('close', onClose);
    return stop;
  }

  turnAway(): void {
    this.#stream.destroy();
  }

  enter(listener: TransportListener, settings: TransportSettings): PacketTransport {
    return new Transport(this.#stream, settings, listener);
  }
}
