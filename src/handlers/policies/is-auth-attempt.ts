import type { SSHUserAuthRequest } from '../../streams/events/ssh-user-auth-request.js';

/**
 * Whether an authentication request shows something that may be wrong: a password, answers, a signature of the user or of the
 * user's host, right or not.
 *
 * Questions are no attempts: `none`, a key that is only offered (a client with five keys in its agent asks five times), the
 * start of keyboard-interactive, a method that the server does not know.
 */
export function isAuthAttempt(request: SSHUserAuthRequest): boolean {
  switch (request.method) {
    case 'password':
    case 'hostbased':
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
