import type { FieldCodec } from './field-codec.js';
import { FieldError } from './field-error.js';
import { isJsonObject } from './json-object.js';
import type { ReadMemory } from './read-memory.js';
import type { WriteMemory } from './write-memory.js';

/** A field that may be absent. */
export interface OptionalField<T> {
  readonly optional: FieldCodec<T>;
}

/** Marks a field that may be absent. */
export const optional = <T>(codec: FieldCodec<T>): OptionalField<T> => ({ optional: codec });

/** One codec for each field of `T`: one that is forgotten, or one that is no field, does not compile. */
export type StructFields<T> = {
  readonly [Name in keyof T]-?: object extends Pick<T, Name> ? OptionalField<T[Name]> : FieldCodec<T[Name]>;
};

interface Entry {
  readonly name: string;
  readonly prefix: string;
  readonly codec: FieldCodec<unknown>;
  readonly isOptional: boolean;
}

/** An object of named fields, in the order in which `fields` names them. Fields with other names are skipped when read. */
export function struct<T extends object>(fields: StructFields<T>): FieldCodec<T> {
  const entries = Object.entries<FieldCodec<unknown> | OptionalField<unknown>>(
    // Each entry goes with the field of its name, which is lost in a list.
    fields as unknown as Record<string, FieldCodec<unknown> | OptionalField<unknown>>,
  ).map(([name, field]): Entry => {
    const isOptional = 'optional' in field;
    return { name, prefix: `${JSON.stringify(name)}:`, codec: isOptional ? field.optional : field, isOptional };
  });

  return {
    write: (value, memory) => write(entries, value, memory),
    read: (json, path, memory) => {
      if (!isJsonObject(json)) throw new FieldError(path, 'must be an object', json);
      const read: Record<string, unknown> = {};
      for (const { name, codec, isOptional } of entries) {
        const field = Object.hasOwn(json, name) ? json[name] : undefined;
        if (field === undefined && isOptional) continue;
        read[name] = codec.read(field, `${path}.${name}`, memory);
      }
      // Every field of T has been read by its own codec.
      return read as T;
    },
  };
}

function write(entries: readonly Entry[], value: object, memory: WriteMemory): string {
  let text = '';
  for (const { name, prefix, codec, isOptional } of entries) {
    // By name, as the entries were made from the fields of its type.
    const field = (value as Readonly<Record<string, unknown>>)[name];
    if (field === undefined && isOptional) continue;
    text += text === '' ? prefix : `,${prefix}`;
    text += codec.write(field, memory);
  }
  return `{${text}}`;
}

/** What {@link restored} makes of the fields that are written. */
export type Restore<Written, T extends Written> = (written: Written, path: string, memory: ReadMemory) => T;

/** An object of which some fields are not written, because they follow from the others. */
export function restored<Written extends object, T extends Written>(
  written: FieldCodec<Written>,
  restore: Restore<Written, T>,
): FieldCodec<T> {
  return {
    write: (value, memory) => written.write(value, memory),
    read: (json, path, memory) => restore(written.read(json, path, memory), path, memory),
  };
}
