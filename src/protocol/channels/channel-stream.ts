import { Duplex, Writable } from 'node:stream';

import { type SshChannel } from './ssh-channel.js';

/** What Node gathers before it asks a writer to wait, in bytes: two packets. */
const HIGH_WATER_MARK = 64 * 1024;
/** Blocks of up to this much in all are joined, so that many small writes become few packets, in bytes. */
const JOIN_LIMIT = 32 * 1024;

type WriteDone = (error?: Error | null) => void;

interface Queued {
  readonly chunk: Buffer;
}

/**
 * Joins neighbouring small chunks. A packet costs the same whether it carries 10 bytes or 10,000.
 */
function joined(chunks: readonly Queued[]): readonly Buffer[] {
  const result: Buffer[] = [];
  let run: Buffer[] = [];
  let length = 0;
  const flush = (): void => {
    const [only] = run;
    if (only !== undefined) result.push(run.length === 1 ? only : Buffer.concat(run, length));
    run = [];
    length = 0;
  };
  for (const { chunk } of chunks) {
    if (length + chunk.length > JOIN_LIMIT) flush();
    run.push(chunk);
    length += chunk.length;
  }
  flush();
  return result;
}

function writeAll(channel: SshChannel, chunks: readonly Queued[], dataType: number, done: WriteDone): void {
  const blocks = joined(chunks);
  blocks.forEach((block, index) => {
    channel.write(block, dataType, index === blocks.length - 1 ? done : () => undefined);
  });
}

/**
 * The data of a channel as a Node stream: reading gives window back, writing waits for window and socket.
 *
 * `end()` sends EOF and leaves the channel open: an exit status may follow. `destroy()` closes the channel.
 */
export class ChannelStream extends Duplex {
  readonly #channel: SshChannel;

  constructor(channel: SshChannel) {
    // autoDestroy would close the channel at EOF of both sides, before an exit status could be sent.
    super({
      readableHighWaterMark: HIGH_WATER_MARK,
      writableHighWaterMark: HIGH_WATER_MARK,
      autoDestroy: false,
      decodeStrings: true,
    });
    this.#channel = channel;
  }

  override _read(): void {
    this.#channel.readMore();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: WriteDone): void {
    this.#channel.write(chunk, 0, done);
  }

  override _writev(chunks: readonly Queued[], done: WriteDone): void {
    writeAll(this.#channel, chunks, 0, done);
  }

  override _final(done: WriteDone): void {
    this.#channel.sendEof();
    done();
  }

  override _destroy(error: Error | null, done: WriteDone): void {
    this.#channel.abort();
    done(error);
  }
}

/** Extended data of type 1: what clients print on their standard error (RFC 4254 section 5.2). Ending it sends nothing. */
export class StderrStream extends Writable {
  readonly #channel: SshChannel;

  constructor(channel: SshChannel) {
    super({ highWaterMark: HIGH_WATER_MARK, autoDestroy: false, decodeStrings: true });
    this.#channel = channel;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: WriteDone): void {
    this.#channel.write(chunk, 1, done);
  }

  override _writev(chunks: readonly Queued[], done: WriteDone): void {
    writeAll(this.#channel, chunks, 1, done);
  }
}
