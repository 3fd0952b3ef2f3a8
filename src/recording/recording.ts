import type { SshServerError } from '../errors.js';

/** A recording under way. */
export interface Recording extends AsyncDisposable {
  /** How many events are not in the recording so far, because the queue was full or the disk failed. */
  readonly dropped: number;
  /** Why nothing can be written; undefined while all is well. */
  readonly error: SshServerError | undefined;
  /** The file that is written to; undefined while there is none. */
  readonly file: string | undefined;
  /**
   * Stops recording. Resolves once what is queued is written and the file is closed; with a disk that fails, after one more
   * attempt, and {@link Recording.dropped} says what is missing. Never rejects. Calling it again waits for the same.
   */
  close(): Promise<void>;
}
