import { boolean, type Codec } from './codec.js';

/** One of two shapes, told apart by the boolean that the wire has before them. */
export type Flagged<Flag extends string, WhenFalse, WhenTrue> =
  ({ readonly [Name in Flag]: false } & WhenFalse) | ({ readonly [Name in Flag]: true } & WhenTrue);

/** {@link flagged} with its parts, for whoever makes values of it. */
export interface FlaggedCodec<Flag extends string, WhenFalse extends object, WhenTrue extends object> extends Codec<
  Flagged<Flag, WhenFalse, WhenTrue>
> {
  readonly flag: Flag;
  readonly whenFalse: Codec<WhenFalse>;
  readonly whenTrue: Codec<WhenTrue>;
}

/** A `boolean` that decides which fields follow it; its value stays in the result, under the name `flag`. */
export function flagged<Flag extends string, WhenFalse extends object, WhenTrue extends object>(
  flag: Flag,
  whenFalse: Codec<WhenFalse>,
  whenTrue: Codec<WhenTrue>,
): FlaggedCodec<Flag, WhenFalse, WhenTrue> {
  return {
    flag,
    whenFalse,
    whenTrue,
    read(reader) {
      const set = boolean.read(reader);
      const value = { [flag]: set, ...(set ? whenTrue : whenFalse).read(reader) };
      // A computed key widens to an index signature; flag and shape were chosen together just above.
      return value as Flagged<Flag, WhenFalse, WhenTrue>;
    },
    write(writer, value) {
      const set: boolean = value[flag];
      boolean.write(writer, set);
      // The compiler does not narrow a union by a generic key; the flag says which of both the value is.
      if (set) whenTrue.write(writer, value as WhenTrue);
      else whenFalse.write(writer, value as WhenFalse);
    },
  };
}
