import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

/** How a program is started. */
export interface ProgramOptions {
  /** Written to its standard input, which then ends. Default: nothing, so it reads EOF at once. */
  readonly input?: string | Uint8Array;
  /** Leaves standard input open after `input`, for a program that is to be held. Default false. */
  readonly keepInputOpen?: boolean;
  /** Its whole environment: nothing of the test's own leaks in. Default `PATH` alone. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Kills a program that hangs, in milliseconds, so that the test fails with its output. Default 50,000. */
  readonly deadlineMs?: number;
}

/** A program that has ended. */
export interface FinishedProgram {
  /** Exit status; null if a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const DEFAULT_DEADLINE_MS = 50_000;

/** A client program while it runs: what it has said so far, and its end. */
export class RunningProgram implements AsyncDisposable {
  readonly pid: number;
  readonly stdin: Writable;
  /** Paused at first if `takeOutput` is false in {@link RunningProgram.start}. */
  readonly stdout: Readable;
  /** Settles once the program has ended and its output is complete. */
  readonly finished: Promise<FinishedProgram>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  readonly #listeners = new Set<() => void>();
  #ended = false;

  private constructor(file: string, args: readonly string[], options: ProgramOptions, takeOutput: boolean) {
    const { input, keepInputOpen = false, env, cwd, deadlineMs = DEFAULT_DEADLINE_MS } = options;
    this.#child = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    this.stdin = this.#child.stdin;
    this.stdout = this.#child.stdout;
    // -1 is no process; spawn fails with an error event, which `finished` reports.
    this.pid = this.#child.pid ?? -1;

    // A program may end without reading everything; what that means is for the test to say.
    this.stdin.on('error', () => undefined);
    if (takeOutput) this.stdout.on('data', this.#collect(this.#stdout));
    this.#child.stderr.on('data', this.#collect(this.#stderr));

    const timer = setTimeout(() => this.#child.kill('SIGKILL'), deadlineMs);
    this.finished = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (status, signal) => {
        clearTimeout(timer);
        this.#ended = true;
        this.#announce();
        resolve({ status, signal, stdout: Buffer.concat(this.#stdout), stderr: this.stderrSoFar });
      });
    });
    if (keepInputOpen) this.stdin.write(input ?? '');
    else this.stdin.end(input);
  }

  /** Starts a program whose output is collected. */
  static start(file: string, args: readonly string[], options: ProgramOptions = {}): RunningProgram {
    return new RunningProgram(file, args, options, true);
  }

  /** Starts a program whose standard output the test reads itself, at its own pace; {@link finished} has none of it. */
  static startUnread(file: string, args: readonly string[], options: ProgramOptions = {}): RunningProgram {
    return new RunningProgram(file, args, options, false);
  }

  get running(): boolean {
    return !this.#ended;
  }

  get stdoutSoFar(): string {
    return Buffer.concat(this.#stdout).toString();
  }

  get stderrSoFar(): string {
    return Buffer.concat(this.#stderr).toString();
  }

  /**
   * Settles once standard output or standard error contains `pattern`.
   *
   * @throws Error if the program ends without having said it
   */
  said(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.stdoutSoFar) ?? pattern.exec(this.stderrSoFar);
        if (match === null && !this.#ended) return;
        this.#listeners.delete(look);
        if (match !== null) resolve(match);
        else reject(new Error(`ended without saying ${String(pattern)}:\n${this.stdoutSoFar}\n${this.stderrSoFar}`));
      };
      this.#listeners.add(look);
      look();
    });
  }

  /** Sends a signal. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends the program, whatever it is doing. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGKILL');
    this.stdout.resume();
    await this.finished;
  }

  #collect(blocks: Buffer[]): (block: Buffer) => void {
    return (block) => {
      blocks.push(block);
      this.#announce();
    };
  }

  #announce(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Runs a program to its end. */
export const runProgram = (
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<FinishedProgram> => RunningProgram.start(file, args, options).finished;
