import type { Readable, Writable } from 'node:stream';

import { Observable } from 'rxjs';

import { SshServerError } from '../../errors.js';
import { SessionState, type Terminal, type TerminalSize } from '../../protocol/session-state.js';
import type { Channel } from '../../streams/channel.js';
import type { ConnectionInfo } from '../../streams/connection-info.js';
import type { Identity } from '../../streams/identity.js';
import type { ExitReport } from './exit-report.js';
import { readLines } from './read-lines.js';

/** What a {@link Session} is made of. */
export interface SessionParts {
  readonly channel: Channel;
  /** The streams, made when first asked for: many programs need only some of them. */
  readonly streams: { readonly stdin: Readable; readonly stdout: Writable; readonly stderr: Writable };
  /** See {@link Session.arguments}. */
  readonly arguments: string;
  /** See {@link Session.lines}. */
  readonly maxLineBytes: number;
  /** Ends the program. */
  readonly exit: (report: ExitReport) => void;
}

/**
 * A program's view of its session channel (RFC 4254 section 6): the streams, the terminal, the user, the way out.
 *
 * One for each accepted `exec`, `shell` or `subsystem` request; gone with its channel.
 */
export class Session {
  /** The channel itself, for requests of other types and exact control of the window. */
  readonly channel: Channel;
  /**
   * The part of {@link command} behind the words that routed it here, without the blanks between; empty if there is none.
   * As the client sent it: quotes and other signs of the shell mean nothing yet.
   */
  readonly arguments: string;
  readonly #streams: SessionParts['streams'];
  readonly #state: SessionState;
  readonly #maxLineBytes: number;
  readonly #exit: (report: ExitReport) => void;

  constructor(parts: SessionParts) {
    this.channel = parts.channel;
    this.#streams = parts.streams;
    this.arguments = parts.arguments;
    this.#state = parts.channel.session ?? new SessionState();
    this.#maxLineBytes = parts.maxLineBytes;
    this.#exit = parts.exit;
  }

  /**
   * What the client sends to the program. Ends when the client sends EOF, fails with `ERR_SSH_CHANNEL` if the channel
   * closes before that. The client may send only as fast as this is read. Destroying it stops reading and closes nothing.
   */
  get stdin(): Readable {
    return this.#streams.stdin;
  }

  /**
   * What the program sends to the client.
   *
   * In a session with a terminal a line feed goes out as carriage return and line feed, as the device of a
   * pseudo-terminal would have it (mode ONLCR, RFC 4254 section 8); a line feed that has its carriage return stays as it
   * is. Not if the client's modes switch ONLCR or OPOST off, nor with the option `rawOutput`.
   */
  get stdout(): Writable {
    return this.#streams.stdout;
  }

  /** Standard error (SSH_EXTENDED_DATA_STDERR, RFC 4254 section 5.2). Line feeds as in {@link stdout}. */
  get stderr(): Writable {
    return this.#streams.stderr;
  }

  /** The whole command of an `exec` request, as sent; undefined for shells and subsystems. */
  get command(): string | undefined {
    const program = this.#state.program;
    return typeof program === 'object' && 'exec' in program ? program.exec : undefined;
  }

  /** The name in a `subsystem` request; undefined for shells and commands. */
  get subsystem(): string | undefined {
    const program = this.#state.program;
    return typeof program === 'object' && 'subsystem' in program ? program.subsystem : undefined;
  }

  /** The variables that the client set and the policies granted. Names and values are the client's: never trust them. */
  get environment(): ReadonlyMap<string, string> {
    return this.#state.environment;
  }

  /** The terminal at its present size; undefined unless the client asked for one. */
  get terminal(): Terminal | undefined {
    return this.#state.terminal;
  }

  /**
   * Each new size of the terminal (`window-change`, RFC 4254 section 6.7).
   *
   * Hot: read {@link terminal} for the size at this moment. Completes when the channel closes, never errors.
   */
  get terminalSizes(): Observable<TerminalSize> {
    return this.#untilClosed((listener) => this.#state.onResize(listener));
  }

  /**
   * The signals the client sends (RFC 4254 section 6.9), named without `SIG`: `INT`, `TERM`.
   *
   * Hot, completes when the channel closes, never errors.
   */
  get signals(): Observable<string> {
    return this.#untilClosed((listener) => this.#state.onSignal(listener));
  }

  /** The user's name, as the client sent it to sign in. Short for `identity.user`. */
  get user(): string {
    return this.channel.identity.user;
  }

  /** Who signed in, and how. */
  get identity(): Identity {
    return this.channel.identity;
  }

  /** The connection that the channel belongs to. */
  get connection(): ConnectionInfo {
    return this.channel.connection;
  }

  /** Aborted when the channel closes or its connection ends. Hand it to whatever should stop then. */
  get signal(): AbortSignal {
    return this.channel.signal;
  }

  /**
   * The lines of {@link stdin} as UTF-8 text without their ends: `\n`, `\r\n`, and from a terminal `\r`, which is what
   * its Enter key sends.
   *
   * Fails with `ERR_SSH_CHANNEL` for a line beyond `maxLineBytes` or if the channel closes before EOF. Leaving the loop
   * leaves the rest in `stdin`, so that it can be read on, by another loop too.
   */
  get lines(): AsyncIterable<string> {
    return {
      [Symbol.asyncIterator]: () =>
        readLines(this.stdin, { maxLineBytes: this.#maxLineBytes, fromTerminal: this.terminal !== undefined }),
    };
  }

  /**
   * Writes to {@link stdout}. Await it and the program writes no faster than the client reads.
   *
   * @throws {@link SshServerError} `ERR_SSH_CHANNEL` if the channel is closed or output has ended.
   */
  write(output: string | Uint8Array): Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      const hasRoom = this.stdout.write(output, (error) => {
        if (error) reject(channelError(error));
        else resolve();
      });
      if (hasRoom) resolve();
    });
    // A service that does not wait for its output must not end the process when a client goes away.
    written.catch(() => undefined);
    return written;
  }

  /**
   * Ends the program, whatever it is doing: sends what was written, reports `status` and closes the channel. The first
   * call counts. Returns at once; iterators and subscriptions of the service end, a running promise is no longer waited
   * for.
   *
   * @throws RangeError if the status is not an integer from 0 to 2^32-1.
   */
  exit(status: number | ExitReport = 0): void {
    this.#exit(typeof status === 'number' ? { exitStatus: status } : status);
  }

  #untilClosed<T>(listen: (listener: (it: T) => void) => () => void): Observable<T> {
    return new Observable((subscriber) => {
      const complete = (): void => {
        subscriber.complete();
      };
      if (this.channel.closed) {
        complete();
        return undefined;
      }
      const stop = listen((it) => {
        subscriber.next(it);
      });
      const stopWaiting = this.channel.whenClosed(complete);
      return () => {
        stop();
        stopWaiting();
      };
    });
  }
}

const channelError = (cause: Error): SshServerError =>
  SshServerError.is(cause)
    ? cause
    : new SshServerError('ERR_SSH_CHANNEL', `the output could not be written: ${cause.message}`, { cause });
