import { map } from 'rxjs';
import type { FindAuthorizedKeys } from 'rxsshd';

import { asking } from './asking.js';
import type { LdapDirectory } from './ldap-directory.js';
import { requireDirectory } from './policy-option-checks.js';

/**
 * The keys of users from the directory (OpenSSH LPK: `sshPublicKey`), for `grantPublicKey`: each value is a line of an
 * authorized_keys file, with its options. A user who does not exist, or may not sign in, has no keys.
 *
 * While the directory is away, keys are denied with `policy-failed` and an `Error` event.
 *
 * @example
 * ```ts
 * import { type LdapDirectory, ldapKeys } from '@rxsshd/ldap';
 *
 * declare const directory: LdapDirectory;
 *
 * const signIn = decide('SSHUserAuthRequest', grantPublicKey(ldapKeys(directory)));
 * ```
 *
 * @throws SshServerError `ERR_SSH_POLICY_OPTION`, when called, if `directory` is none
 */
export function ldapKeys(directory: Pick<LdapDirectory, 'verify' | 'find'>): FindAuthorizedKeys {
  requireDirectory('ldapKeys', directory);
  return (user) =>
    asking((signal) => directory.find(user, { signal })).pipe(map((account) => account?.keys.join('\n') ?? ''));
}
