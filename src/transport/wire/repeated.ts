import type { Codec } from './codec.js';
import type { ListCodec } from './list.js';

/**
 * Elements up to the end of the payload, without a count. More than `maxCount` is a failure.
 *
 * @throws RangeError, when written, if there are more than `maxCount`.
 */
export function repeated<T>(element: Codec<T>, maxCount: number): ListCodec<T> {
  return {
    element,
    maxCount,
    read(reader) {
      const values: T[] = [];
      while (reader.remaining > 0) {
        if (values.length === maxCount) reader.fail();
        else values.push(element.read(reader));
      }
      return values;
    },
    write(writer, values) {
      if (values.length > maxCount)
        throw new RangeError(`at most ${String(maxCount)} elements, got ${String(values.length)}`);
      for (const value of values) element.write(writer, value);
    },
  };
}
