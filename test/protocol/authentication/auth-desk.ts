import type { AuthAttempt, AuthOutcome } from '../../../src/protocol/authentication/auth-attempt.js';
import { verifyUserAuthSignature } from '../../../src/protocol/authentication/signature.js';
import { UserAuthentication } from '../../../src/protocol/authentication/user-authentication.js';
import type { ConnectionAuthority } from '../../../src/protocol/connection-authority.js';
import { DEFAULT_LIMITS, type ProtocolLimits } from '../../../src/protocol/limits.js';
import { wireBytes } from '../../support/wire-bytes.js';
import { FakeAuthority, FakeLink } from '../channels/channel-bench.js';

/** Keeps each question until the test answers it. */
export class Desk extends FakeAuthority implements ConnectionAuthority {
  override authMethods = ['publickey', 'password', 'keyboard-interactive', 'hostbased'];
  publicKeySignatures: readonly string[] | undefined;
  readonly asked: AuthAttempt[] = [];
  readonly answers: ((outcome: AuthOutcome) => void)[] = [];

  override decideAuth(attempt?: AuthAttempt, answer?: (outcome: AuthOutcome) => void): void {
    if (attempt === undefined || answer === undefined) return;
    this.asked.push(attempt);
    this.answers.push(answer);
  }

  /** Answers the question asked last. */
  say(outcome: AuthOutcome): void {
    this.answers.at(-1)?.(outcome);
  }
}

export const FAILURE: AuthOutcome = { type: 'failure' };
export const SUCCESS: AuthOutcome = { type: 'success' };

/** Authentication without a connection around it. */
export interface AuthBench {
  readonly link: FakeLink;
  readonly desk: Desk;
  readonly authentication: UserAuthentication;
}

export function authBench(limits: Partial<ProtocolLimits> = {}): AuthBench {
  const link = new FakeLink();
  const desk = new Desk();
  const authentication = new UserAuthentication(link, { ...DEFAULT_LIMITS, ...limits }, desk, verifyUserAuthSignature);
  return { link, desk, authentication };
}

/** A request with the signature that `sign` makes of it and of the session (RFC 4252 sections 7 and 9). */
export function signedBy(sign: (data: Buffer) => Buffer, link: FakeLink, request: Buffer): Buffer {
  const signature = sign(wireBytes([link.sessionId.length], link.sessionId, request));
  return wireBytes(request, [signature.length], signature);
}
