/** One question of a {@link Challenge}. */
export interface Prompt {
  /** Shown before the answer, such as `Verification code: `. */
  readonly text: string;
  /** Whether the client shows what the user types. Default false. */
  readonly echo?: boolean;
}

/** Questions for the user (SSH_MSG_USERAUTH_INFO_REQUEST, RFC 4256 section 3.2). */
export interface Challenge {
  /** A title. Default empty. */
  readonly name?: string;
  /** Text above the questions. Default empty. */
  readonly instruction?: string;
  /** At most 16. An empty list is allowed: the client answers at once. */
  readonly prompts: readonly Prompt[];
}
