import { DenyReason } from '../../../streams/deny-reason.js';
import type { Decided } from '../../../streams/events/decided.js';
import type { SSHUserAuthRequest } from '../../../streams/events/ssh-user-auth-request.js';

/** The reasons that tell of a wrong guess; the others tell of the server, the hour or the load. */
const WRONG: ReadonlySet<DenyReason> = new Set([
  DenyReason.BadCredential,
  DenyReason.BadSignature,
  DenyReason.KeyNotAccepted,
  DenyReason.UserNotAllowed,
  // Where nobody grants what is right, nobody denies what is wrong.
  DenyReason.NoGrant,
]);

/**
 * Whether somebody tried to get in and could not: a password, an answer, a proven key or a wrong signature that was denied
 * as wrong, as nobody's, or for the name of the user.
 *
 * Questions are no attempts: `none`, a key that is only offered (a client with five keys in its agent asks five times),
 * the start of keyboard-interactive, a method that the server does not know.
 */
export const isFailedAuthentication = (decided: Decided): boolean =>
  decided.outcome === 'denied' &&
  decided.request.type === 'SSHUserAuthRequest' &&
  isAttempt(decided.request) &&
  WRONG.has(decided.reason);

function isAttempt(request: SSHUserAuthRequest): boolean {
  switch (request.method) {
    case 'password':
      return true;
    case 'publickey':
      return request.stage !== 'offered';
    case 'keyboard-interactive':
      return request.stage === 'answered';
    case 'none':
    case 'other':
      return false;
    default:
      return request satisfies never;
  }
}
