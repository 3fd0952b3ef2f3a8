import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

import type { Slapd } from './slapd.js';

/** A TCP port in front of a slapd, on 127.0.0.1: with TLS if it is to be, and with faults. */
export class DirectoryProxy implements AsyncDisposable {
  /** Connections that it has taken. */
  taken = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(slapd: Slapd, isTls: boolean) {
    const forward = (client: Socket): void => {
      this.taken += 1;
      const directory = connect(slapd.socket);
      for (const [one, other] of [
        [client, directory],
        [directory, client],
      ] as const) {
        this.#sockets.add(one);
        one
          .on('error', () => undefined)
          .once('close', () => {
            this.#sockets.delete(one);
            other.destroy();
          });
        one.pipe(other);
      }
    };
    const certificate = () => ({ cert: readFileSync(slapd.caFile), key: readFileSync(slapd.keyFile) });
    this.#server = isTls ? createTlsServer(certificate(), forward) : createServer(forward);
  }

  /** Settles once it listens. */
  static async start(slapd: Slapd, { isTls = false } = {}): Promise<DirectoryProxy> {
    const proxy = new DirectoryProxy(slapd, isTls);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    // It listens on TCP.
    return (this.#server.address() as AddressInfo).port;
  }

  /** Breaks all connections, as a firewall does that has forgotten them. Settles once they are gone. */
  async cut(): Promise<void> {
    const gone = [...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(gone);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    await this.cut();
    await closed;
  }
}
