import { DenyReason } from '../../../streams/deny-reason.js';
import type { OfferedKeyAuthRequest, ProvenKeyAuthRequest } from '../../../streams/events/ssh-user-auth-request.js';

/** What is asked of a security key beyond its signature. */
export interface SecurityKeyTerms {
  readonly mayBeUntouched: boolean;
  readonly mustVerifyUser: boolean;
}

/**
 * Why a signature is not enough, although it is right; undefined if it is. An offer cannot be judged before it is proven, but
 * for a key that nothing verifies the user of.
 */
export function securityKeyRefusal(
  request: OfferedKeyAuthRequest | ProvenKeyAuthRequest,
  { mayBeUntouched, mustVerifyUser }: SecurityKeyTerms,
): DenyReason | undefined {
  const { key } = request;
  const isSecurityKey = key.application !== undefined || key.type.startsWith('sk-');
  if (!isSecurityKey) return mustVerifyUser ? DenyReason.KeyNotAccepted : undefined;
  if (request.stage === 'offered') return undefined;
  const { touched = false, userVerified = false } = request.securityKey ?? {};
  const isEnough = (touched || mayBeUntouched) && (userVerified || !mustVerifyUser);
  return isEnough ? undefined : DenyReason.BadSignature;
}
