import { DenyReason } from '../../../streams/deny-reason.js';
import type { Decided } from '../../../streams/events/decided.js';
import { isAuthAttempt } from '../is-auth-attempt.js';

/** The reasons that tell of a wrong guess; the others tell of the server, the hour or the load. */
const WRONG: ReadonlySet<DenyReason> = new Set([
  DenyReason.BadCredential,
  DenyReason.BadSignature,
  DenyReason.KeyNotAccepted,
  DenyReason.UserNotAllowed,
  DenyReason.IllegalName,
  // A guess that comes too early counts whether it is right or wrong, or the count would tell which.
  DenyReason.MethodNotAllowed,
  // Where nobody grants what is right, nobody denies what is wrong.
  DenyReason.NoGrant,
]);

/**
 * Whether somebody tried to get in and could not: an attempt (see {@link isAuthAttempt}) that was denied as wrong, as nobody's,
 * or for the name of the user.
 */
export const isFailedAuthentication = (decided: Decided): boolean =>
  decided.outcome === 'denied' &&
  decided.request.type === 'SSHUserAuthRequest' &&
  isAuthAttempt(decided.request) &&
  WRONG.has(decided.reason);
