import { Duplex } from 'node:stream';

import type { Translate } from './channel-output.js';
import type { BlockDone } from './outbound-queue.js';
import type { SshChannel } from './ssh-channel.js';

/** What Node gathers in a stream of a channel before it asks the other side to wait, in bytes: two packets. */
export const CHANNEL_HIGH_WATER_MARK = 64 * 1024;
/** Blocks of up to this much in all are joined, so that many small writes become few packets, in bytes. */
const JOIN_LIMIT = 32 * 1024;

/** A chunk as Node hands over several of them. */
export interface QueuedChunk {
  readonly chunk: Buffer;
}

/** Writes chunks, neighbouring small ones joined: a packet costs the same whether it carries 10 bytes or 10,000. */
export function writeJoined(
  channel: SshChannel,
  chunks: readonly QueuedChunk[],
  dataType: number,
  done: BlockDone,
  translate?: Translate,
): void {
  const blocks = joined(chunks);
  const last = blocks.length - 1;
  blocks.forEach((block, index) => {
    channel.write(translate?.(block) ?? block, dataType, index === last ? done : () => undefined);
  });
}

function joined(chunks: readonly QueuedChunk[]): readonly Buffer[] {
  const result: Buffer[] = [];
  let run: Buffer[] = [];
  let length = 0;
  const finishRun = (): void => {
    const [only] = run;
    if (only !== undefined) result.push(run.length === 1 ? only : Buffer.concat(run, length));
    run = [];
    length = 0;
  };
  for (const { chunk } of chunks) {
    if (length + chunk.length > JOIN_LIMIT) finishRun();
    run.push(chunk);
    length += chunk.length;
  }
  finishRun();
  return result;
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
      readableHighWaterMark: CHANNEL_HIGH_WATER_MARK,
      writableHighWaterMark: CHANNEL_HIGH_WATER_MARK,
      autoDestroy: false,
    });
    this.#channel = channel;
  }

  override _read(): void {
    this.#channel.readMore();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: BlockDone): void {
    this.#channel.write(chunk, 0, done);
  }

  override _writev(chunks: readonly QueuedChunk[], done: BlockDone): void {
    writeJoined(this.#channel, chunks, 0, done);
  }

  override _final(done: BlockDone): void {
    this.#channel.sendEof();
    done();
  }

  override _destroy(error: Error | null, done: BlockDone): void {
    this.#channel.disown(this);
    this.#channel.abort();
    done(error);
  }
}
