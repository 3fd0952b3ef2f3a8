import { Readable } from 'node:stream';

import { CHANNEL_HIGH_WATER_MARK } from './channel-stream.js';
import type { SshChannel } from './ssh-channel.js';

/**
 * The reading half of a channel.
 *
 * Readers destroy what they leave early (`for await` with `break`, `pipeline`). Here that only stops reading: what still
 * arrives waits, and its window is not given back.
 */
export class ChannelInput extends Readable {
  readonly #channel: SshChannel;

  constructor(channel: SshChannel) {
    super({ highWaterMark: CHANNEL_HIGH_WATER_MARK });
    this.#channel = channel;
  }

  override _read(): void {
    this.#channel.readMore();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#channel.detach(this);
    this.#channel.disown(this);
    done(error);
  }
}
