import type { ReadMemory } from './read-memory.js';
import type { WriteMemory } from './write-memory.js';

/**
 * How one field of an event stands in a recording, in both directions.
 *
 * What has no codec is not written: every field that leaves the process in a recording is named in this folder, and so is
 * the way it is redacted.
 */
export interface FieldCodec<T> {
  /**
   * The value as JSON text, not as a value to make JSON of: most events are a handful of short fields, and the text of a
   * field is cheaper than an object that `JSON.stringify` has to discover again.
   *
   * @throws RangeError for a value that JSON cannot say.
   */
  write(value: T, memory: WriteMemory): string;

  /**
   * The value that JSON stands for.
   *
   * @param path - where it stands in the line, such as `event.connection.id`
   * @throws {@link FieldError} if it is none.
   */
  read(json: unknown, path: string, memory: ReadMemory): T;
}
