import { randomBytes } from 'node:crypto';

import type { AuthAttempt } from '../protocol/authentication/auth-attempt.js';
import type { UserKey } from '../protocol/authentication/user-key.js';
import type { ConnectionInfo } from './connection-info.js';
import type { AuthKey, SSHUserAuthRequest } from './events/ssh-user-auth-request.js';
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
      const { stage, algorithm, securityKey } = attempt;
      const content = { ...common, method: 'publickey', algorithm, key: authKeyOf(attempt.key) } as const;
      return stage === 'proven' && securityKey !== undefined
        ? { ...content, stage, securityKey }
        : { ...content, stage };
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

/** What requests show of a key. */
export function authKeyOf(key: UserKey): AuthKey {
  const { type, blob, fingerprint, bits, application } = key;
  return {
    type,
    blob,
    fingerprint,
    bits,
    ...(application === undefined ? {} : { application }),
    ...('certificate' in key ? { certificate: key.certificate } : {}),
  };
}

/** The same request with every secret forgotten: no text equals what is left of one. */
export function withoutSecrets(request: SSHUserAuthRequest): SSHUserAuthRequest {
  if (request.method === 'password') {
    const { newPassword, ...rest } = request;
    return { ...rest, password: FORGOTTEN, ...(newPassword === undefined ? {} : { newPassword: FORGOTTEN }) };
  }
  if (request.method === 'keyboard-interactive' && request.stage === 'answered') {
    return { ...request, answers: request.answers.map(() => FORGOTTEN) };
  }
  return request;
}

/** What nobody knows, so that nothing compares equal to it. */
const FORGOTTEN = new Secret(randomBytes(32).toString('base64'));
