import { Writable } from 'node:stream';

import { CHANNEL_HIGH_WATER_MARK, type QueuedChunk, writeJoined } from './channel-stream.js';
import type { BlockDone } from './outbound-queue.js';
import type { SshChannel } from './ssh-channel.js';

/** Changes data on its way out, such as line ends for a terminal. */
export type Translate = (bytes: Uint8Array) => Uint8Array;

/**
 * One writing direction of a channel: ordinary data, or extended data such as standard error.
 *
 * It takes data as fast as the client's window and the socket do. Ending it waits until everything has left; EOF follows
 * when both kinds of data have ended. Destroying it drops what is buffered here and closes nothing.
 */
export class ChannelOutput extends Writable {
  readonly #channel: SshChannel;
  readonly #dataType: number;
  readonly #translate: Translate | undefined;

  constructor(channel: SshChannel, dataType: number, translate: Translate | undefined) {
    super({ highWaterMark: CHANNEL_HIGH_WATER_MARK });
    this.#channel = channel;
    this.#dataType = dataType;
    this.#translate = translate;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: BlockDone): void {
    this.#channel.write(this.#translate?.(chunk) ?? chunk, this.#dataType, done);
  }

  override _writev(chunks: readonly QueuedChunk[], done: BlockDone): void {
    writeJoined(this.#channel, chunks, this.#dataType, done, this.#translate);
  }

  override _final(done: BlockDone): void {
    this.#channel.outputEnded(this.#dataType);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#channel.disown(this);
    done(error);
  }
}
