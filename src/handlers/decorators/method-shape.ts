/**
 * Intersected with the first parameter of a method decorator: `unknown` for a prototype, a sentence for a class, so that
 * decorating a static method does not compile. Only classes have a `prototype`.
 */
export type InstanceOnly<Target> = Target extends { readonly prototype: unknown }
  ? 'A static method cannot be a handler method: remove "static"'
  : unknown;

/**
 * Intersected with the descriptor of a decorated method: `unknown` if the method has the right shape, otherwise the
 * sentence that the compiler prints.
 */
export type Shape<Method, Wanted, Sentence extends string> = Method extends Wanted ? unknown : Sentence;
