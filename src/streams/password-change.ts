/** The wish for a new password (SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, RFC 4252 section 8). */
export interface PasswordChange {
  /** What the user reads before the new password, such as why there has to be one. */
  readonly prompt: string;
}
