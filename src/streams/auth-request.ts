import type { AuthAttempt } from '../protocol/authentication/auth-attempt.js';
import type { ConnectionInfo } from './connection-info.js';
import type { SSHUserAuthRequest } from './events/ssh-user-auth-request.js';
import { Secret } from './secret.js';

/** The event of an authentication attempt: plain data, with every secret wrapped. */
export function userAuthRequestOf(attempt: AuthAttempt, connection: ConnectionInfo): SSHUserAuthRequest {
  const { user, service, ordinal } = attempt;
  const common = { type: 'SSHUserAuthRequest', connection, user, service, ordinal } as const;
  switch (attempt.method) {
    case 'none':
      return { ...common, method: 'none' };
    case 'password':
      return {
        ...common,
        method: 'password',
        password: new Secret(attempt.password),
        ...(attempt.newPassword === undefined ? {} : { newPassword: new Secret(attempt.newPassword) }),
      };
    case 'publickey': {
      const { type, blob, fingerprint, bits } = attempt.key;
      const { stage, algorithm } = attempt;
      return { ...common, method: 'publickey', stage, algorithm, key: { type, blob, fingerprint, bits } };
    }
    case 'keyboard-interactive':
      return attempt.stage === 'started'
        ? { ...common, method: 'keyboard-interactive', stage: 'started', submethods: attempt.submethods }
        : {
            ...common,
            method: 'keyboard-interactive',
            stage: 'answered',
            round: attempt.round,
            answers: attempt.answers.map((answer) => new Secret(answer)),
          };
    case 'other':
      return { ...common, method: 'other', name: attempt.name };
    default:
      return attempt satisfies never;
  }
}
