/** Stable codes of {@link LdapError}. */
export type LdapErrorCode =
  /** There is no connection to the directory, or it broke before the directory answered. The `cause` says why. */
  | 'ERR_LDAP_AWAY'
  /** The directory did not answer in time. */
  | 'ERR_LDAP_TIMEOUT'
  /** Too many questions wait for the directory already. */
  | 'ERR_LDAP_BUSY'
  /** The directory will not do what it was asked: the service account is wrong, access is missing, it is not ready. */
  | 'ERR_LDAP_REFUSED'
  /** What the directory holds of a user cannot be used. */
  | 'ERR_LDAP_ENTRY'
  /** The directory was closed. */
  | 'ERR_LDAP_CLOSED';

/** Why a directory could not be asked. That a password is wrong, or a user unknown, is an answer and no error. */
export class LdapError extends Error {
  override readonly name = 'LdapError';
  /** What went wrong, stable across versions. */
  readonly code: LdapErrorCode;

  constructor(code: LdapErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
