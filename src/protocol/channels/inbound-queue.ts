/**
 * Blocks below this size are gathered, so that a peer cannot turn its window into millions of tiny objects, nor make a small
 * block keep the memory of the large chunk in which it came, in bytes.
 */
const SMALL = 16 * 1024;
const SLAB = 32 * 1024;

/** Data of one channel that has arrived and waits to be read. Bounded by the window that was granted. */
export class InboundQueue {
  readonly #blocks: Buffer[] = [];
  /** The memory behind the last block, while it is one of ours and has room. */
  #slab: Buffer | undefined;
  #slabUsed = 0;
  #length = 0;

  /** Bytes waiting. */
  get length(): number {
    return this.#length;
  }

  /** Appends a block. Large ones are kept as they are, small ones are copied together. */
  push(block: Buffer): void {
    this.#length += block.length;
    if (block.length >= SMALL) {
      this.#slab = undefined;
      this.#blocks.push(block);
      return;
    }
    if (this.#slab === undefined || this.#slab.length - this.#slabUsed < block.length) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB);
      this.#slabUsed = 0;
    } else {
      const last = this.#blocks.pop();
      if (last !== undefined) {
        const start = this.#slabUsed - last.length;
        block.copy(this.#slab, this.#slabUsed);
        this.#slabUsed += block.length;
        this.#blocks.push(this.#slab.subarray(start, this.#slabUsed));
        return;
      }
    }
    const start = this.#slabUsed;
    block.copy(this.#slab, start);
    this.#slabUsed += block.length;
    this.#blocks.push(this.#slab.subarray(start, this.#slabUsed));
  }

  /** Removes and returns the oldest block, or its first `maxLength` bytes if it is longer. */
  shift(maxLength = Infinity): Buffer | undefined {
    const block = this.#blocks[0];
    if (block === undefined) return undefined;
    if (block.length > maxLength) {
      this.#length -= maxLength;
      this.#blocks[0] = block.subarray(maxLength);
      return block.subarray(0, maxLength);
    }
    this.#length -= block.length;
    this.#blocks.shift();
    if (this.#blocks.length === 0) this.#slab = undefined;
    return block;
  }

  /** Empties the queue. @returns how many bytes it held */
  clear(): number {
    const length = this.#length;
    this.#blocks.length = 0;
    this.#slab = undefined;
    this.#length = 0;
    return length;
  }
}
