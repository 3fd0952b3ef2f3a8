import { ResponseBodyError, WWWAuthenticateChallengeError } from 'oauth4webapi';

import { OidcError } from './oidc-error.js';

/**
 * What went wrong, without the secrets in it: the errors of `oauth4webapi` carry whole responses, tokens and all, and what is
 * reported is logged.
 *
 * @param step - What was being done, as the beginning of a sentence.
 */
export function failure(step: string, cause: unknown): OidcError {
  if (cause instanceof OidcError) return cause;
  if (cause instanceof ResponseBodyError) {
    // Without its description, in which servers repeat what they were sent, such as the device code.
    return new OidcError('ERR_OIDC_REFUSED', `${step} was refused: ${printable(cause.error)}`);
  }
  if (cause instanceof WWWAuthenticateChallengeError) {
    return new OidcError('ERR_OIDC_REFUSED', `${step} was refused with status ${String(cause.status)}`);
  }
  if (!(cause instanceof Error)) return new OidcError('ERR_OIDC_AWAY', `${step} failed`);
  if (isOfProtocol(cause)) return new OidcError('ERR_OIDC_INVALID', `${step} was answered wrongly: ${cause.message}`);
  // Not the error itself: that of another `fetch` than Node's may carry the request, with the client's secret.
  const code = systemCode(cause);
  return new OidcError('ERR_OIDC_AWAY', code === undefined ? `${step} failed` : `${step} failed: ${code}`);
}

/** What the system says of it, such as `ECONNREFUSED`; Node's `fetch` has that in the cause of its error. */
function systemCode(error: Error): string | undefined {
  const codes = [error, error.cause].map((it) => (it instanceof Error && 'code' in it ? it.code : undefined));
  return codes.find((code): code is string => typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,49}$/.test(code));
}

/** Whether it complains of what was said, and not of there being nobody to say it. */
const isOfProtocol = (error: Error): boolean =>
  'code' in error && typeof error.code === 'string' && error.code.startsWith('OAUTH_');

/** On one line, and not too much of it. */
const printable = (text: string): string => text.replace(/\p{C}/gu, ' ').slice(0, 200);
