import path from 'node:path';

import { residentBytes } from './resident-memory.js';
import { RunningProgram } from './running-program.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const READY = /listening on ssh:\/\/([^\s:]+):(\d+)/u;

/** Where a server is, as clients are told. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** What {@link ReferenceServer.start} needs. */
export interface ReferenceServerOptions {
  /** Where it keeps its host keys. */
  readonly stateFolder: string;
  /** A file in authorized_keys form. */
  readonly authorizedKeys?: string;
  /** Further settings of `examples/reference`, such as `ACCEPT_ENV` and `MAX_CHANNELS`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Flags of node. Default none. */
  readonly nodeFlags?: readonly string[];
}

/**
 * Fixes the size of V8's young generation, for suites that measure memory.
 *
 * V8 resizes it by the load, and takes or returns up to 8 MiB by that: as much as such a suite allows a server to grow.
 */
export const STEADY_MEMORY = ['--min-semi-space-size=1', '--max-semi-space-size=1'] as const;

/** `npm start` as a process of its own, on a free port of the loopback interface. */
export class ReferenceServer implements ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly #program: RunningProgram;
  #reloads = 0;

  private constructor(program: RunningProgram, host: string, port: number) {
    this.#program = program;
    this.host = host;
    this.port = port;
  }

  /** Settles once the server listens. */
  static async start(options: ReferenceServerOptions): Promise<ReferenceServer> {
    const { stateFolder, authorizedKeys, settings, nodeFlags = [] } = options;
    // What `npm start` runs, without npm in between: the process that is measured and told to stop is the server itself.
    const args = [...nodeFlags, '--import', 'tsx', 'examples/reference/main.ts'];
    const program = RunningProgram.start(process.execPath, args, {
      cwd: ROOT,
      deadlineMs: 600_000,
      env: {
        HOST: '127.0.0.1',
        PORT: '0',
        STATE_DIR: stateFolder,
        ...(authorizedKeys === undefined ? {} : { AUTHORIZED_KEYS: authorizedKeys }),
        ...settings,
      },
    });
    const [, host = '', port] = await program.said(READY);
    return new ReferenceServer(program, host, Number(port));
  }

  /** What the server has printed, for the message of a failed test. */
  get output(): string {
    return this.#program.stdoutSoFar + this.#program.stderrSoFar;
  }

  /** Has the server read its host keys again. @returns what it says came of that */
  async reload(): Promise<string> {
    this.#reloads += 1;
    this.#program.kill('SIGHUP');
    const said = new RegExp(`(?:host keys (?:in force|stay).*\\n[^]*?){${String(this.#reloads)}}`, 'u');
    const [all] = await this.#program.said(said);
    return all.trimEnd().split('\n').at(-1) ?? '';
  }

  /** Memory that the process holds at this moment, in bytes. */
  residentBytes(): Promise<number> {
    return residentBytes(this.#program.pid);
  }

  /**
   * Stops the server as an operator would.
   *
   * @throws Error unless it was running until now and ends in order: a suite that crashed its server must not pass.
   */
  async stop(): Promise<void> {
    this.#program.kill('SIGTERM');
    const { status, signal } = await this.#program.finished;
    if (status !== 0) {
      throw new Error(`the reference server ended with ${String(status ?? signal)}:\n${this.output}`);
    }
  }
}
