import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

import type { ServerAddress } from './reference-server.js';

/** Where sshd shuts itself in while nobody has signed in; the service of the distribution makes it at its start. */
const PRIVILEGE_SEPARATION_FOLDER = '/run/sshd';

/**
 * OpenSSH's `sshd` on a free port of the loopback interface, one process for each connection, as inetd would start it.
 *
 * The configuration is read anew for each connection.
 */
export class OpenSshDaemon implements ServerAddress, AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly #server: Server;
  readonly #log: string[];

  private constructor(server: Server, log: string[]) {
    this.#server = server;
    // It listens on TCP, so its address is one of that.
    this.port = (server.address() as AddressInfo).port;
    this.#log = log;
  }

  /** `program` is the path of sshd, `config` that of a file of sshd_config(5). */
  static async start(program: string, config: string): Promise<OpenSshDaemon> {
    if (process.geteuid?.() === 0) await mkdir(PRIVILEGE_SEPARATION_FOLDER, { recursive: true, mode: 0o755 });
    const log: string[] = [];
    const serve = (socket: Socket): void => {
      const child = spawn(program, ['-i', '-e', '-f', config], { stdio: [socket, socket, 'pipe'] });
      child.once('error', (cause) => log.push(cause.message));
      child.stderr.on('data', (block: Buffer) => log.push(block.toString()));
      // The process has a copy of its own.
      socket.destroy();
    };
    // What has been read here, sshd would wait for in vain.
    const server = createServer({ pauseOnConnect: true }, serve);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return new OpenSshDaemon(server, log);
  }

  /** What it has logged, for the message of a failed test. */
  get log(): string {
    return this.#log.join('');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }
}
