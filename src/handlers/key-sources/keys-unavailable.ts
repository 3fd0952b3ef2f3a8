/**
 * What a source of keys answers with that cannot say which keys a user has: a file that cannot be read, a program that failed.
 *
 * The user has no keys then as far as this source goes, the server has an `Error` event, and other policies may still grant. A cause
 * with the code `ERR_SSH_BUSY` says that too many ask just now: no session is ended for that.
 */
export interface KeysUnavailable {
  /** For the `Error` event, never for the client. */
  readonly unavailable: unknown;
}

/** Whether a source could not say which keys there are. */
export const isUnavailable = (answer: unknown): answer is KeysUnavailable =>
  typeof answer === 'object' && answer !== null && 'unavailable' in answer;
