import { constants, createInflate } from 'node:zlib';

/** Node's binding to zlib, as far as it is in use. Its arguments go to zlib unchecked, so they have to be right. */
interface ZlibHandle {
  init(
    windowBits: number,
    level: number,
    memLevel: number,
    strategy: number,
    state: Uint32Array,
    onWritten: () => void,
    dictionary: undefined,
  ): void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputStart: number,
    inputLength: number,
    output: Uint8Array,
    outputStart: number,
    outputLength: number,
  ): void;
  reset(): void;
  close(): void;
  /** Called in the course of {@link writeSync} when zlib can make nothing of the input. */
  onerror: (message: string, errno: number, code: string) => void;
}

type ZlibHandleClass = new (mode: number) => ZlibHandle;

/**
 * Node has no public way to compress part of a stream at once: its streams do it on other threads, and what is to be sent next
 * would have to wait for them, a key exchange in the middle of it. The engine finds the binding in the same way when it is
 * loaded, so nothing more can break than has broken already; `test/transport/compression` proves each member.
 */
const Handle = handleClass();

function handleClass(): ZlibHandleClass {
  const stream = createInflate();
  // The field is Node's own and has no type.
  const { constructor } = (stream as unknown as { readonly _handle: object })._handle;
  stream.close();
  return constructor as ZlibHandleClass;
}

/** The memory that the state takes is what zlib calls its default: some 256 KiB to deflate and 44 KiB to inflate. */
const MEMORY_LEVEL = 8;

/** Nobody waits: everything is written at once. */
const unused = (): void => undefined;

/** One stream of RFC 1950, a piece at a time. What a piece holds can be read as soon as the piece is there. */
export class ZlibStream {
  readonly #handle: ZlibHandle;
  /** zlib's `avail_out` and `avail_in` behind each write. */
  readonly #state = new Uint32Array(2);
  #fault: string | undefined;
  #isClosed = false;

  /** @param level of `deflate`: how hard to try, from 1 to 9 */
  constructor(mode: 'deflate' | 'inflate', level: number = constants.Z_DEFAULT_COMPRESSION) {
    this.#handle = new Handle(mode === 'deflate' ? constants.DEFLATE : constants.INFLATE);
    this.#handle.onerror = (message) => {
      this.#fault = message;
    };
    const { Z_DEFAULT_WINDOWBITS, Z_DEFAULT_STRATEGY } = constants;
    this.#handle.init(Z_DEFAULT_WINDOWBITS, level, MEMORY_LEVEL, Z_DEFAULT_STRATEGY, this.#state, unused, undefined);
  }

  /** Bytes of the last input that were not taken: `output` was full, or the stream has ended before them. */
  get untaken(): number {
    return this.#state[1] ?? 0;
  }

  /**
   * Writes `input` from `start` on, with the partial flush of RFC 4253 section 6.2. What fits into `output` no more comes with
   * the next call.
   *
   * @returns how many bytes of `output` were filled
   * @throws Error if the input is not of such a stream
   */
  write(input: Uint8Array, start: number, output: Uint8Array): number {
    if (this.#isClosed) throw new Error('the stream is closed');
    const { Z_PARTIAL_FLUSH } = constants;
    this.#handle.writeSync(Z_PARTIAL_FLUSH, input, start, input.length - start, output, 0, output.length);
    if (this.#fault !== undefined) throw new Error(this.#fault);
    return output.length - (this.#state[0] ?? 0);
  }

  /** Begins a new stream in the memory of this one. */
  reset(): void {
    if (!this.#isClosed) this.#handle.reset();
  }

  /** Frees the memory, not waiting for a garbage collection. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#handle.close();
  }
}
