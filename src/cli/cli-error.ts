import type { Outcome } from './outcome.js';

/** A failure that is the user's to mend: its message is all that is printed. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** The exit status that tells of it. */
  readonly exitCode: Exclude<Outcome['exitCode'], 0>;

  constructor(exitCode: Exclude<Outcome['exitCode'], 0>, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
