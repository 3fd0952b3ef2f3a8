/** Stable codes of {@link OidcError}. */
export type OidcErrorCode =
  /** The authorization server cannot be reached, or is in trouble. */
  | 'ERR_OIDC_AWAY'
  /** The authorization server did not answer in time. */
  | 'ERR_OIDC_TIMEOUT'
  /** The authorization server will not do what it was asked: the client is not known, the device flow is not for it. */
  | 'ERR_OIDC_REFUSED'
  /** What the authorization server has sent makes no sense, or is not from it: a token with a wrong signature, say. */
  | 'ERR_OIDC_INVALID';

/** Why an authorization server could not be asked. That somebody did not sign in there is an answer and no error. */
export class OidcError extends Error {
  override readonly name = 'OidcError';
  /** What went wrong, stable across versions. */
  readonly code: OidcErrorCode;

  constructor(code: OidcErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
