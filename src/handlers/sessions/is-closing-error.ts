import { SshServerError } from '../../errors.js';

/** What Node's streams say of a stream that went away under its user. */
const STREAM_CODES: ReadonlySet<unknown> = new Set([
  'ABORT_ERR',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_WRITE_AFTER_END',
]);

/** Whether `cause` is only the echo of a channel that closed: the abort itself, or a stream that is no more. */
export function isClosingError(cause: unknown, signal: AbortSignal): boolean {
  if (signal.aborted && cause === signal.reason) return true;
  if (SshServerError.is(cause)) return cause.code === 'ERR_SSH_CHANNEL';
  if (!(cause instanceof Error)) return false;
  return cause.name === 'AbortError' || ('code' in cause && STREAM_CODES.has(cause.code));
}
