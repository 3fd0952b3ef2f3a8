/** Stands for what a value is expected to be, in a line of its own. */
export interface Matcher {
  /** What is expected. */
  readonly description: string;
  /** Whether `value` has everything that is expected of it. */
  matches(value: unknown): boolean;
  /** The line for a value that was not expected: all there is to know of it. */
  describe(value: unknown): string;
}

/** Whether what is expected is more than a value to be equal to. */
export const isMatcher = (expected: unknown): expected is Matcher =>
  typeof expected === 'object' && expected !== null && 'matches' in expected && 'description' in expected;
