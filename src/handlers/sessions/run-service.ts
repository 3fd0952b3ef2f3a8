import { messageOf, SshServerError } from '../../errors.js';
import type { Channel } from '../../streams/channel.js';
import { EmissionFollower, type EmissionSink } from './emission-follower.js';
import { type ExitReport, isExitReport } from './exit-report.js';
import { isClosingError } from './is-closing-error.js';
import type { Service, ServiceOptions } from './service.js';
import { Session } from './session.js';
import { SessionStreams } from './session-streams.js';

/** How a service is run. */
export interface RunServiceOptions extends ServiceOptions {
  /** What the service is called in errors: `Class.method`. */
  readonly source: string;
  /** Value of `session.arguments`. Default empty. */
  readonly arguments?: string;
  /**
   * Told if the service fails: `ERR_SSH_HANDLER_FAILED` with the cause if it threw, `ERR_SSH_CHANNEL` if it emitted more
   * than the client would read. Not told when a service stumbles over a client that went away. Must not throw.
   */
  readonly onFailure: (error: SshServerError) => void;
}

/**
 * Runs `service` on an open session channel until it ends or the channel does.
 *
 * At the end of the service what it wrote is sent, then exit status or signal, EOF, and the channel closes
 * (RFC 4254 sections 5.3 and 6.10). Whoever ends first, nothing of the other is left. Does nothing on a closed channel,
 * never throws.
 */
export function runService(channel: Channel, service: Service, options: RunServiceOptions): void {
  if (channel.closed) return;
  new ServiceRun(channel, options).start(service);
}

const DEFAULT_MAX_LINE_BYTES = 64 * 1024;
const DEFAULT_MAX_BUFFERED_BYTES = 16 * 1024 * 1024;

/** One program on one channel: the sink of what its service emits. */
class ServiceRun implements EmissionSink {
  readonly #channel: Channel;
  readonly #options: RunServiceOptions;
  readonly #streams: SessionStreams;
  readonly #session: Session;
  readonly #follower: EmissionFollower;
  #over = false;
  #ignoreClose: (() => void) | undefined;

  constructor(channel: Channel, options: RunServiceOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#streams = new SessionStreams(channel, options.rawOutput);
    this.#session = new Session({
      channel,
      streams: this.#streams,
      arguments: options.arguments ?? '',
      maxLineBytes: options.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES,
      exit: (report) => {
        this.exit(report);
      },
    });
    this.#follower = new EmissionFollower(this);
  }

  start(service: Service): void {
    this.#ignoreClose = this.#channel.whenClosed(this.#onClosed);
    let result: unknown;
    try {
      result = service(this.#session);
    } catch (cause) {
      this.fail(cause);
      return;
    }
    this.#follower.follow(result);
  }

  write(output: string | Uint8Array): Promise<void> {
    return this.#session.write(output);
  }

  push(output: string | Uint8Array): void {
    this.#streams.stdout.write(output);
    this.#bound();
  }

  end(): void {
    this.exit({ exitStatus: 0 });
  }

  /** The client or its connection is gone. */
  readonly #onClosed = (): void => {
    this.#streams.destroy();
    if (this.#over) return;
    this.#over = true;
    this.#follower.stop();
  };

  #bound(): void {
    const maxBytes = this.#options.maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES;
    if (this.#streams.bufferedBytes <= maxBytes || this.#over) return;
    this.fail(
      new SshServerError(
        'ERR_SSH_CHANNEL',
        `${this.#options.source} emitted ${String(maxBytes)} bytes more than the client would read. ` +
          'Return an async iterable, which waits for the client, or raise maxBufferedBytes.',
      ),
    );
    // A client that does not read must not make the server keep what it will never send.
    this.#streams.stdout.destroy();
  }

  fail(cause: unknown): void {
    // A channel that is taken back aborts first, and is closed once the client has said so, too.
    const closing = this.#over || this.#channel.closed || this.#channel.signal.aborted;
    if (!closing || !isClosingError(cause, this.#channel.signal))
      this.#options.onFailure(failure(this.#options.source, cause));
    this.exit({ exitStatus: 1 });
  }

  /** @throws RangeError for a report that cannot be sent. */
  exit(report: ExitReport): void {
    if (!isExitReport(report)) {
      throw new RangeError('a program ends with an exit status from 0 to 2^32-1 or with a signal name');
    }
    if (this.#over) return;
    this.#over = true;
    this.#follower.stop();
    if (
      !this.#streams.flush(() => {
        this.#close(report);
      })
    ) {
      this.#close(report);
    }
  }

  #close(report: ExitReport): void {
    this.#ignoreClose?.();
    this.#streams.destroy();
    if (this.#channel.closed) return;
    if ('exitStatus' in report) {
      this.#channel.sendExitStatus(report.exitStatus);
    } else {
      const { exitSignal, ...options } = report;
      this.#channel.sendExitSignal(exitSignal, options);
    }
    this.#channel.sendEof();
    this.#channel.close();
  }
}

function failure(source: string, cause: unknown): SshServerError {
  if (SshServerError.is(cause) && cause.code === 'ERR_SSH_CHANNEL') return cause;
  return new SshServerError('ERR_SSH_HANDLER_FAILED', `${source} failed: ${messageOf(cause)}`, { cause });
}
