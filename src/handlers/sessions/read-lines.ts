import type { Readable } from 'node:stream';

import { SshServerError } from '../../errors.js';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** What counts as a line. */
export interface ReadLinesOptions {
  /** The longest line accepted, in bytes without its end. */
  readonly maxLineBytes: number;
  /** Whether a carriage return alone ends a line, as the Enter key of a raw terminal sends it. */
  readonly fromTerminal: boolean;
}

/**
 * The lines of `input` as UTF-8 text, without their ends (`\n`, `\r\n`, from a terminal `\r` too). Text after the last end
 * is a line as well.
 *
 * Stopping early leaves what was not taken in `input`, to be read on in any way.
 *
 * @throws {@link SshServerError} `ERR_SSH_CHANNEL` if a line is too long, or whatever `input` fails with.
 */
export async function* readLines(input: Readable, options: ReadLinesOptions): AsyncGenerator<string, void, undefined> {
  // Node types the iterator as any; a stream without encoding gives buffers.
  const chunks = input.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  const line = new PartialLine(options.maxLineBytes);
  let rest: Buffer | undefined;
  let skipLineFeed = false;
  try {
    for (;;) {
      const step = await chunks.next();
      if (step.done === true) break;

      rest = step.value;
      if (skipLineFeed && rest[0] === LINE_FEED) rest = rest.subarray(1);
      skipLineFeed = false;
      for (;;) {
        const end = endOfLine(rest, options.fromTerminal);
        if (end === undefined) break;
        const text = line.finish(rest.subarray(0, end.at), !options.fromTerminal);
        skipLineFeed = rest[end.next - 1] === CARRIAGE_RETURN && end.next === rest.length;
        rest = rest.subarray(end.next);
        yield text;
      }
      line.add(rest);
      rest = undefined;
    }
    if (line.length > 0) yield line.finish(Buffer.alloc(0), false);
  } finally {
    await chunks.return?.();
    if (rest !== undefined && rest.length > 0 && !input.destroyed) input.unshift(rest);
  }
}

/** Where the first line of `bytes` ends and the next begins. */
function endOfLine(bytes: Buffer, fromTerminal: boolean): { readonly at: number; readonly next: number } | undefined {
  const feed = bytes.indexOf(LINE_FEED);
  const carriage = fromTerminal ? bytes.indexOf(CARRIAGE_RETURN) : -1;
  if (carriage !== -1 && (feed === -1 || carriage < feed)) {
    return { at: carriage, next: feed === carriage + 1 ? feed + 1 : carriage + 1 };
  }
  return feed === -1 ? undefined : { at: feed, next: feed + 1 };
}

/** A line that has not ended, in the pieces it came in: joined once, so that long lines cost linear time. */
class PartialLine {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#length += piece.length;
    // A carriage return may prove to belong to the line's end.
    this.#check(piece.at(-1) === CARRIAGE_RETURN ? this.#length - 1 : this.#length);
  }

  /** @param dropsReturn - Whether a carriage return belongs to the line's end. */
  finish(lastPiece: Buffer, dropsReturn: boolean): string {
    this.add(lastPiece);
    const bytes = Buffer.concat(this.#pieces, this.#length);
    this.#pieces = [];
    this.#length = 0;
    const endsInReturn = dropsReturn && bytes.at(-1) === CARRIAGE_RETURN;
    const length = endsInReturn ? bytes.length - 1 : bytes.length;
    this.#check(length);
    return bytes.toString('utf8', 0, length);
  }

  #check(length: number): void {
    if (length <= this.#maxBytes) return;
    throw new SshServerError(
      'ERR_SSH_CHANNEL',
      `the client sent a line of more than ${String(this.#maxBytes)} bytes. Read stdin, or raise maxLineBytes.`,
    );
  }
}
