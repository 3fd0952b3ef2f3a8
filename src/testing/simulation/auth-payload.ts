import type { UserAuthSignature } from '../../protocol/authentication/signature.js';
import type { SignatureCheck } from '../../protocol/authentication/signature-algorithm.js';
import type { SecurityKeyUse } from '../../protocol/authentication/security-key-use.js';
import { UserauthInfoResponse } from '../../protocol/messages/userauth-info.js';
import { UserauthRequest } from '../../protocol/messages/userauth-request.js';
import type { UserauthMethod } from '../../protocol/messages/userauth-method.js';
import type { SSHUserAuthRequest } from '../../streams/events/ssh-user-auth-request.js';

/** Stands for a good signature where no cryptography is wanted. */
const PROOF = Buffer.from('proven');
/** Stands for a wrong one. */
const NO_PROOF = Buffer.from('refuted');

/** Whether a signature stands for a good one. */
export const isProof = ({ signature }: Pick<UserAuthSignature, 'signature'>): boolean =>
  PROOF.equals(signature.subarray(0, PROOF.length));

/** What a signature stands for, with what a security key would say of it, which follows in JSON. */
export function checkProof(request: Pick<UserAuthSignature, 'signature'>): SignatureCheck {
  if (!isProof(request)) return false;
  const use = Buffer.from(request.signature.subarray(PROOF.length)).toString();
  // Written below, by nobody else.
  return use === '' ? true : (JSON.parse(use) as SecurityKeyUse);
}

const proofOf = (use: SecurityKeyUse | undefined): Buffer =>
  use === undefined ? PROOF : Buffer.concat([PROOF, Buffer.from(JSON.stringify(use))]);

/** The message that makes a server see `request`. */
export function authPayload(request: SSHUserAuthRequest): Buffer {
  if (request.method === 'keyboard-interactive' && request.stage === 'answered') {
    return UserauthInfoResponse.encode({ responses: request.answers.map((answer) => answer.expose()) });
  }
  return UserauthRequest.encode({ userName: request.user, serviceName: request.service, method: methodOf(request) });
}

function methodOf(request: Exclude<SSHUserAuthRequest, { readonly stage: 'answered' }>): UserauthMethod {
  switch (request.method) {
    case 'none':
      return { type: 'none' };
    case 'password': {
      const password = request.password.expose();
      const { newPassword } = request;
      return newPassword === undefined
        ? { type: 'password', change: false, password }
        : { type: 'password', change: true, password, newPassword: newPassword.expose() };
    }
    case 'publickey': {
      const key = { publicKeyAlgorithm: request.algorithm, publicKey: Buffer.from(request.key.blob) };
      if (request.stage === 'offered') return { type: 'publickey', signed: false, ...key };
      const signature = request.stage === 'proven' ? proofOf(request.securityKey) : NO_PROOF;
      return { type: 'publickey', signed: true, ...key, signature };
    }
    case 'keyboard-interactive':
      return { type: 'keyboard-interactive', languageTag: '', submethods: request.submethods.join(',') };
    case 'hostbased': {
      const { clientHostName, clientUserName } = request;
      const key = { publicKeyAlgorithm: request.algorithm, publicKey: Buffer.from(request.key.blob) };
      const signature = request.stage === 'proven' ? PROOF : NO_PROOF;
      return { type: 'hostbased', ...key, clientHostName, clientUserName, signature };
    }
    case 'other':
      return { type: 'other', name: request.name, data: Buffer.alloc(0) };
    default:
      return request satisfies never;
  }
}
