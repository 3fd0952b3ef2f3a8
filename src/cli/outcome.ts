/** What a run of the command comes to. */
export interface Outcome {
  /** For standard output. Empty, or ends with a line feed. */
  readonly output: string;
  /** For standard error, likewise. */
  readonly complaint: string;
  /** 0 if all is well, 1 if what was asked for failed, 2 if the command line makes no sense. */
  readonly exitCode: 0 | 1 | 2;
}
