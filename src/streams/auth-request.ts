import { randomBytes } from 'node:crypto';

import type { AuthAttempt } from '../protocol/authentication/auth-attempt.js';
import type { UserKey } from '../protocol/authentication/user-key.js';
import type { ConnectionInfo } from './connection-info.js';
import type { AuthKey, SSHUserAuthRequest } from './events/ssh-user-auth-request.js';
import type { PassedStep } from './requirements/passed-step.js';
import { Secret } from './secret.js';

/**
 * The event of an authentication attempt: plain data, with every secret wrapped.
 *
 * @param passed - the steps that came before; undefined if there are none
 */
export function userAuthRequestOf(
  attempt: AuthAttempt,
  connection: ConnectionInfo,
  passed?: readonly PassedStep[],
): SSHUserAuthRequest {
  const request = firstStepOf(attempt, connection);
  return passed === undefined ? request : { ...request, passed };
}

/** Written out member by member: every login comes by here several times, and V8 takes ten times as long to spread an object. */
function firstStepOf(attempt: AuthAttempt, connection: ConnectionInfo): SSHUserAuthRequest {
  const type = 'SSHUserAuthRequest';
  const { user, service, ordinal } = attempt;
  switch (attempt.method) {
    case 'none':
      return { type, connection, user, service, ordinal, method: attempt.method };
    case 'password': {
      const password = new Secret(attempt.password);
      const request = { type, connection, user, service, ordinal, method: attempt.method, password } as const;
      return attempt.newPassword === undefined ? request : { ...request, newPassword: new Secret(attempt.newPassword) };
    }
    case 'publickey': {
      const { method, stage, algorithm, securityKey } = attempt;
      const key = authKeyOf(attempt.key);
      const request = { type, connection, user, service, ordinal, method, algorithm, key, stage } as const;
      return stage === 'proven' && securityKey !== undefined ? { ...request, stage, securityKey } : request;
    }
    case 'keyboard-interactive': {
      const { method } = attempt;
      if (attempt.stage === 'started') {
        const { stage, submethods } = attempt;
        return { type, connection, user, service, ordinal, method, stage, submethods };
      }
      const { stage, round } = attempt;
      const answers = attempt.answers.map((answer) => new Secret(answer));
      return { type, connection, user, service, ordinal, method, stage, round, answers };
    }
    case 'hostbased': {
      const { method, stage, algorithm, clientHostName, clientUserName } = attempt;
      const key = authKeyOf(attempt.key);
      return {
        type,
        connection,
        user,
        service,
        ordinal,
        method,
        stage,
        algorithm,
        key,
        clientHostName,
        clientUserName,
      };
    }
    case 'other':
      return { type, connection, user, service, ordinal, method: attempt.method, name: attempt.name };
    default:
      return attempt satisfies never;
  }
}

/** What requests show of a key. */
export function authKeyOf(key: UserKey): AuthKey {
  const { type, blob, fingerprint, bits, application } = key;
  const plain = { type, blob, fingerprint, bits };
  // The usual key is neither, and spared the spreading.
  if (application === undefined && !('certificate' in key)) return plain;
  return {
    ...plain,
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
