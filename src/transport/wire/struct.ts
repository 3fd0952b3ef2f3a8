import type { Codec } from './codec.js';

/** One codec per field of `T`, in the order of the wire. */
export type Fields<T> = { readonly [Name in keyof T]: Codec<T[Name]> };

/** {@link struct} with its fields, for whoever makes values of it. */
export interface StructCodec<T> extends Codec<Readonly<T>> {
  readonly fields: Fields<T>;
}

/** Fields one after the other, in the order written. */
export function struct<T extends object>(fields: Fields<T>): StructCodec<T> {
  const entries = Object.entries<Codec<unknown>>(fields);
  return {
    fields,
    read(reader) {
      const value: Record<string, unknown> = {};
      for (const [name, codec] of entries) value[name] = codec.read(reader);
      // The loop fills exactly the keys of T, each from its own codec, which the compiler cannot follow.
      return value as T;
    },
    write(writer, value) {
      // The keys of `entries` are those of T, by the type of `fields`.
      const values = value as Readonly<Record<string, unknown>>;
      for (const [name, codec] of entries) codec.write(writer, values[name]);
    },
  };
}
