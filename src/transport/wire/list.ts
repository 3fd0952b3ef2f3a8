import type { Codec } from './codec.js';

/** {@link list} with its element and bound, for whoever makes values of it. */
export interface ListCodec<T> extends Codec<readonly T[]> {
  readonly element: Codec<T>;
  readonly maxCount: number;
}

/**
 * A `uint32` count, then that many elements. A count beyond `maxCount` is a failure, whatever follows.
 *
 * @throws RangeError, when written, if there are more than `maxCount`.
 */
export function list<T>(element: Codec<T>, maxCount: number): ListCodec<T> {
  return {
    element,
    maxCount,
    read(reader) {
      const count = reader.uint32();
      if (count > maxCount) reader.fail();
      const values: T[] = [];
      while (reader.ok && values.length < count) values.push(element.read(reader));
      return values;
    },
    write(writer, values) {
      if (values.length > maxCount)
        throw new RangeError(`at most ${String(maxCount)} elements, got ${String(values.length)}`);
      writer.uint32(values.length);
      for (const value of values) element.write(writer, value);
    },
  };
}
