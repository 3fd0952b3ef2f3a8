import type { SSHUserAuthRequest } from '../events/ssh-user-auth-request.js';
import type { PolicyName } from '../verdict.js';

/** A step of a sign-in that somebody has passed: a request that was granted and did not suffice (RFC 4252 section 5.1). */
export interface PassedStep {
  /** `password`, `publickey`, `keyboard-interactive`, `hostbased` or `none`. */
  readonly method: string;
  /** The policy that has granted it, by the name it gave itself. */
  readonly by: PolicyName;
  /** SHA-256 fingerprint of the key, in the form of `ssh-keygen -l`; absent for methods without one. */
  readonly keyFingerprint?: string;
  /** The type of the key or certificate, such as `ssh-ed25519`; absent for methods without one. */
  readonly keyType?: string;
}

/** What a request shows, whoever grants it. */
export type ShownStep = Omit<PassedStep, 'by'> & { readonly by?: PolicyName };

/** What `request` shows of itself. */
export function shownStepOf(request: SSHUserAuthRequest): ShownStep {
  const { method } = request;
  if (!('key' in request)) return { method };
  const { fingerprint, type } = request.key;
  return { method, keyFingerprint: fingerprint, keyType: type };
}

/** The step that `request` is once `by` has granted it. */
export const passedStepOf = (request: SSHUserAuthRequest, by: PolicyName): PassedStep => ({
  ...shownStepOf(request),
  by,
});
