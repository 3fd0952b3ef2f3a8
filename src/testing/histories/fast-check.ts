/**
 * What fast-check makes values of a kind with, seen from here: pass it to `fc.property`, `fc.array` and the like.
 *
 * Its shape is that of `fc.Arbitrary`, written down so that nobody needs fast-check to compile against this package. What
 * fast-check alone calls takes and returns `never`, which fits whatever the types of its version are.
 */
export interface HistoryArbitrary<T> {
  canShrinkWithoutContext(value: unknown): value is T;
  shrink(value: T, context: unknown): never;
  map<U>(mapper: (value: T) => U): HistoryArbitrary<U>;
  readonly generate: never;
  readonly filter: never;
  readonly chain: never;
}

/** What is needed here of what fast-check makes values with. */
export interface Arbitrary<T> {
  map<U>(mapper: (value: T) => U): Arbitrary<U>;
}

/** What is needed here of fast-check itself, of version 4. */
export interface FastCheck {
  boolean(): Arbitrary<boolean>;
  constantFrom<T>(...values: T[]): Arbitrary<T>;
  integer(constraints: { readonly min: number; readonly max: number }): Arbitrary<number>;
  uint8Array(constraints: { readonly maxLength: number }): Arbitrary<Uint8Array>;
  array<T>(
    element: Arbitrary<T>,
    constraints: { readonly minLength: number; readonly maxLength: number; readonly size: 'max' },
  ): Arbitrary<T[]>;
  oneof<T>(...choices: { readonly weight: number; readonly arbitrary: Arbitrary<T> }[]): Arbitrary<T>;
  tuple<A, B>(a: Arbitrary<A>, b: Arbitrary<B>): Arbitrary<[A, B]>;
  tuple<A, B, C>(a: Arbitrary<A>, b: Arbitrary<B>, c: Arbitrary<C>): Arbitrary<[A, B, C]>;
  tuple<A, B, C, D>(a: Arbitrary<A>, b: Arbitrary<B>, c: Arbitrary<C>, d: Arbitrary<D>): Arbitrary<[A, B, C, D]>;
}
