import { inspect } from 'node:util';

/** One bad value in one place, and the complaint that it is to bring about when the policy is made. */
export interface BadOption {
  /** The policy, which the message begins with. */
  readonly policy: string;
  /** The path of the option, or the name of the argument, which follows. */
  readonly option: string;
  /** What the message ends with: the value, or the entry of it that is wrong. */
  readonly shown: string;
  /** Makes the policy, or would. */
  readonly make: () => unknown;
}

/** How messages shorten a value to one readable line. */
const SHORTENED = { depth: 1, maxArrayLength: 10, maxStringLength: 80, breakLength: Infinity } as const;

/** A bad value of which the message names a part, such as one entry of a list. */
class Blamed {
  readonly value: unknown;
  readonly part: unknown;

  constructor(value: unknown, part: unknown) {
    this.value = value;
    this.part = part;
  }
}

/** Bad because of `part`, which is what the message has to name. */
export const blame = (value: unknown, part: unknown): unknown => new Blamed(value, part);

/** A list of one entry, which is bad. */
export const listOf = (entry: unknown): unknown => blame([entry], entry);

/** Bad values for each option of a policy: the compiler asks for the options that are missing here. */
export type BadValues<Options> = { readonly [Option in keyof Options]-?: readonly unknown[] };

/** Bad values of one argument, or of one option by its path. */
export function badArgument(
  policy: string,
  option: string,
  values: readonly unknown[],
  make: (value: never) => unknown,
): readonly BadOption[] {
  return values.map((given) => {
    const { value, part } = given instanceof Blamed ? given : { value: given, part: given };
    return {
      policy,
      option,
      shown: inspect(part, SHORTENED),
      // What no compiler lets pass is what is to be tried.
      make: () => make(value as never),
    };
  });
}

/**
 * Bad values of every option, each beside options that are good, and what are no options at all.
 *
 * @param good - what the policy can be made with
 */
export function badOptions<Options extends object>(
  policy: string,
  make: (options: Options) => unknown,
  good: Options,
  bad: BadValues<Options>,
): readonly BadOption[] {
  return [
    ...badArgument(policy, 'options', [null, 5, 'all'], make),
    ...Object.entries<readonly unknown[]>(bad).flatMap(([option, values]) =>
      badArgument(policy, option, values, (value: unknown) => make({ ...good, [option]: value })),
    ),
  ];
}
