import type { FieldCodec } from './field-codec.js';
import { FieldError } from './field-error.js';
import { isJsonObject, type JsonObject } from './json-object.js';
import type { ReadMemory } from './read-memory.js';
import { UnknownKindError } from './unknown-kind-error.js';
import type { WriteMemory } from './write-memory.js';

/** The codec of a member of the union `T`: it reads one of `T` and writes nothing but its own kind. */
export interface Member<T> {
  write(value: never, memory: WriteMemory): string;
  read(json: unknown, path: string, memory: ReadMemory): T;
}

/**
 * One of several objects, told apart by what `nameOf` says of them: as it reads fields that are written as they are, it
 * tells recorded objects apart as well. An unknown name is an {@link UnknownKindError}.
 */
export function variant<T extends object>(
  nameOf: (value: JsonObject) => unknown,
  members: Readonly<Record<string, Member<T>>>,
): FieldCodec<T> {
  // Names come from a file, and an object would also know `constructor`.
  const codecs = new Map(Object.entries(members));
  const find = (value: JsonObject): FieldCodec<T> | undefined => {
    const name = nameOf(value);
    // The member of this name is the one that the codec was written for.
    return typeof name === 'string' ? codecs.get(name) : undefined;
  };

  return {
    write: (value, memory) => {
      // Any object can be asked for a field by name.
      const codec = find(value as JsonObject);
      if (codec === undefined) throw new RangeError('an object of an unknown kind');
      return codec.write(value, memory);
    },
    read: (json, path, memory) => {
      if (!isJsonObject(json)) throw new FieldError(path, 'must be an object', json);
      const codec = find(json);
      if (codec === undefined)
        throw new UnknownKindError(path, `must be one of ${[...codecs.keys()].join(', ')}`, json);
      return codec.read(json, path, memory);
    },
  };
}
