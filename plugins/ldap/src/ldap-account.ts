/** A user of the directory who may sign in. */
export interface LdapAccount {
  /** The distinguished name of the user's entry. */
  readonly dn: string;
  /** What the user's keys are: lines of an authorized_keys file. */
  readonly keys: readonly string[];
}
