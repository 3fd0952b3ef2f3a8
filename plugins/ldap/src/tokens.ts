import type { ServiceIdentifier } from 'inversify';

import type { LdapDirectory } from './ldap-directory.js';

/** The directory that `ldapPlugin` makes. Inject it where policies are made. */
export const LDAP_DIRECTORY: ServiceIdentifier<LdapDirectory> = Symbol.for('@rxsshd/ldap/LdapDirectory');
