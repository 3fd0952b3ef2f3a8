/**
 * Passwords and keys from an LDAP directory for rxsshd.
 *
 * @packageDocumentation
 */

export { allowLdapAccounts } from './allow-ldap-accounts.js';
export type { LdapDirectoryOptions, RequiredGroups, UsersByName, UsersBySearch } from './directory-options.js';
export { grantLdapPassword } from './grant-ldap-password.js';
export type { GrantLdapPasswordOptions } from './grant-ldap-password.js';
export type { LdapAccount } from './ldap-account.js';
export { ldapDirectory } from './ldap-directory.js';
export type { LdapDirectory, LdapQuestionOptions } from './ldap-directory.js';
export { LdapError } from './ldap-error.js';
export type { LdapErrorCode } from './ldap-error.js';
export { ldapKeys } from './ldap-keys.js';
export { ldapPlugin } from './ldap-plugin.js';
export type { RecheckOptions } from './recheck-options.js';
export { LDAP_DIRECTORY } from './tokens.js';
