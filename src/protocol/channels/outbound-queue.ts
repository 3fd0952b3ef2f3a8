/** Called once the block has been sent, or dropped because the channel closed. */
export type BlockDone = (error?: Error | null) => void;

/** The part of a queued block that fits into one packet. */
export interface Piece {
  readonly data: Uint8Array;
  /** 0 for ordinary data, otherwise the code of extended data. */
  readonly dataType: number;
}

interface Block {
  readonly data: Uint8Array;
  readonly dataType: number;
  readonly done: BlockDone;
  sent: number;
}

/**
 * Data of one channel that waits to be sent, in the order in which it was written, stdout and stderr alike.
 *
 * One queue for both: they share one window (RFC 4254 section 5.2), and a reader that waits for the one while the other has
 * used it up would wait for ever.
 */
export class OutboundQueue {
  readonly #blocks: Block[] = [];

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  /** Bytes of the oldest block that were not taken yet; 0 if there is none. */
  get nextLength(): number {
    const block = this.#blocks[0];
    return block === undefined ? 0 : block.data.length - block.sent;
  }

  push(data: Uint8Array, dataType: number, done: BlockDone): void {
    this.#blocks.push({ data, dataType, done, sent: 0 });
  }

  /** Takes at most `maxLength` bytes of the oldest block; `maxLength` is at least 1. */
  take(maxLength: number): Piece | undefined {
    const block = this.#blocks[0];
    if (block === undefined) return undefined;
    const end = Math.min(block.sent + maxLength, block.data.length);
    const data = block.sent === 0 && end === block.data.length ? block.data : block.data.subarray(block.sent, end);
    block.sent = end;
    return { data, dataType: block.dataType };
  }

  /** Reports and forgets the oldest block if all of it was taken. */
  settle(): void {
    const block = this.#blocks[0];
    if (block === undefined || block.sent < block.data.length) return;
    this.#blocks.shift();
    block.done();
  }

  /** Drops everything. Not an error to the writer: its reader has gone. */
  clear(): void {
    for (const { done } of this.#blocks.splice(0)) done();
  }
}
