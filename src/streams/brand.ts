declare const brand: unique symbol;

/** A `Base` that only its maker can produce, so that ids of different things cannot be mixed up. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };
