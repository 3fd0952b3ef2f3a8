import type { Socket } from 'node:net';

import { plainPacket, PlainReader } from './wire-client-packets.js';

/** A client that never gets to encryption: raw bytes and unencrypted packets over a socket. */
export class PlainClient {
  readonly socket: Socket;
  /** Everything the server sent, as on the wire. */
  readonly received: Buffer[] = [];
  /** The payloads in it, as long as they are not encrypted. */
  readonly payloads: Buffer[] = [];
  /** Settles once the connection is closed at this end. */
  readonly closed: Promise<void>;
  readonly #reader = new PlainReader();
  readonly #waiters: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        resolve();
      });
    });
    socket.on('data', (chunk: Buffer) => {
      this.received.push(chunk);
      this.payloads.push(...this.#reader.push(chunk));
      for (const resume of this.#waiters.splice(0)) resume();
    });
  }

  /** Sends text or bytes as they are. */
  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** Sends an identification line and payloads behind it, in one piece. */
  send(...payloads: readonly Buffer[]): void {
    this.socket.write(Buffer.concat([Buffer.from('SSH-2.0-plain\r\n'), ...payloads.map(plainPacket)]));
  }

  /** Everything the server sent, as text. */
  get text(): string {
    return Buffer.concat(this.received).toString('latin1');
  }

  /** The first payload with message number `number`, once it is there. */
  async payload(number: number): Promise<Buffer> {
    for (;;) {
      const found = this.payloads.find((payload) => payload[0] === number);
      if (found !== undefined) return found;
      await new Promise<void>((resolve, reject) => {
        this.#waiters.push(resolve);
        void this.closed.then(() => {
          reject(new Error(`closed before message ${String(number)}`));
        });
      });
    }
  }
}
