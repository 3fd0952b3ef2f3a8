import { finished, type Readable, type Writable } from 'node:stream';

import { SshServerError } from '../../errors.js';
import type { Channel } from '../../streams/channel.js';
import { NewlineTranslator } from './newline-translator.js';

/** One for all: making an error with its stack costs more than the rest of a short program. */
const OVER = new SshServerError('ERR_SSH_CHANNEL', 'the program is over and its channel closed');

/** Whether the client's terminal expects what a terminal device with ONLCR does to line feeds, the usual state. */
function hasTranslatingTerminal(channel: Channel): boolean {
  const modes = channel.session?.terminal?.modes;
  return modes !== undefined && modes.OPOST !== 0 && modes.ONLCR !== 0;
}

/** The streams of one program, made when it first asks for them: many programs need only some. */
export class SessionStreams {
  readonly #channel: Channel;
  readonly #translates: boolean;
  #stdin: Readable | undefined;
  #stdout: Writable | undefined;
  #stderr: Writable | undefined;
  #over = false;

  /** @param rawOutput sends line feeds as they are, whatever the terminal */
  constructor(channel: Channel, rawOutput = false) {
    this.#channel = channel;
    this.#translates = !rawOutput && hasTranslatingTerminal(channel);
  }

  get stdin(): Readable {
    return (this.#stdin ??= this.#cutOffIfOver(this.#channel.openInput()));
  }

  get stdout(): Writable {
    return (this.#stdout ??= this.#output('stdout'));
  }

  get stderr(): Writable {
    return (this.#stderr ??= this.#output('stderr'));
  }

  /** How far the program's output has run ahead of the client, in bytes. */
  get bufferedBytes(): number {
    return (this.#stdout?.writableLength ?? 0) + (this.#stderr?.writableLength ?? 0);
  }

  /**
   * Whether output waits to be taken by the channel. If so, `flushed` is called once it was, or was dropped. From now on
   * no EOF is sent from here.
   */
  flush(flushed: () => void): boolean {
    this.#over = true;
    const waiting = [this.#stdout, this.#stderr].filter(
      (it) => it !== undefined && !it.destroyed && it.writableLength > 0,
    );
    let left = waiting.length;
    const done = (): void => {
      left -= 1;
      if (left === 0) flushed();
    };
    for (const output of waiting) {
      // Not end(): a program that is over may still write, and a write after the end would drop what is buffered.
      if (output?.writableEnded === true) finished(output, done);
      else output?.write('', done);
    }
    return waiting.length > 0;
  }

  /** Ends reading and writing at once. */
  destroy(): void {
    this.#over = true;
    // Whoever still reads or writes is told; whoever is done is not disturbed.
    this.#stdin?.destroy(this.#stdin.readableEnded ? undefined : OVER);
    this.#stdout?.destroy(this.#stdout.writableFinished ? undefined : OVER);
    this.#stderr?.destroy(this.#stderr.writableFinished ? undefined : OVER);
  }

  #output(kind: 'stdout' | 'stderr'): Writable {
    const translator = this.#translates ? new NewlineTranslator() : undefined;
    const output = this.#channel.openOutput(kind, translator && ((bytes) => translator.translate(bytes)));
    return this.#cutOffIfOver(output);
  }

  /** A program that asks for its streams after it has ended gets them closed. */
  #cutOffIfOver<S extends Readable | Writable>(stream: S): S {
    if (this.#over) stream.destroy(OVER);
    return stream;
  }
}
