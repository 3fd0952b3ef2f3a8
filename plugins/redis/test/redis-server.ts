import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Redis } from 'ioredis';

import { requires } from '../../../test/support/requires.js';
import { RunningProgram } from '../../../test/support/running-program.js';

/** What the suites of this plugin need. */
export const redisProgram = requires(['redis-server']);

/** A Redis of the test's own: on a Unix socket in a folder of its own, without a port, and it writes nothing to disk. */
export class RedisServer implements AsyncDisposable {
  /** Path of the socket, which is what `redisCounterStore` takes as its URL. */
  readonly socket: string;
  readonly #folder: string;
  #program: RunningProgram | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    this.socket = path.join(folder, 'redis.sock');
  }

  /** A place for a Redis where none runs yet. */
  static async prepare(): Promise<RedisServer> {
    return new RedisServer(await mkdtemp(path.join(tmpdir(), 'rxsshd-redis-')));
  }

  static async start(): Promise<RedisServer> {
    const server = await RedisServer.prepare();
    await server.start();
    return server;
  }

  /** Starts it, without memory of an earlier life. Settles once it takes connections. */
  async start(): Promise<void> {
    const settings = {
      '--port': '0',
      '--unixsocket': this.socket,
      '--save': '',
      '--appendonly': 'no',
      '--dir': this.#folder,
    };
    this.#program = RunningProgram.start(redisProgram.path('redis-server'), Object.entries(settings).flat(), {
      deadlineMs: 300_000,
    });
    await this.#program.said(/accept connections|server is now ready/);
  }

  /** Ends it as a power failure would. Settles once it is gone. */
  async kill(): Promise<void> {
    await this.#program?.[Symbol.asyncDispose]();
  }

  /** Lets it hang: its connections stay, and nothing answers. */
  hang(): void {
    this.#program?.kill('SIGSTOP');
  }

  /** Lets it go on. */
  resume(): void {
    this.#program?.kill('SIGCONT');
  }

  /** Asks Redis itself, over a connection of its own. */
  async ask<T>(question: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(this.socket);
    try {
      return await question(client);
    } finally {
      client.disconnect();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true });
  }
}
