import { CLOCK, definePlugin, type SshPlugin } from 'rxsshd';

import { type LdapDirectoryOptions, readOptions } from './directory-options.js';
import { type LdapDirectory, ldapDirectory } from './ldap-directory.js';
import { LDAP_DIRECTORY } from './tokens.js';
import { VERSION } from './version.js';

/**
 * A plugin that binds {@link LDAP_DIRECTORY} to a {@link ldapDirectory}: inject it where policies are made.
 *
 * The directory connects when it is asked first, and is closed when the server shuts down.
 *
 * @throws SshServerError `ERR_SSH_OPTION`, when called, if an option is wrong
 */
export function ldapPlugin(options: LdapDirectoryOptions): SshPlugin {
  readOptions(options);
  return definePlugin({
    name: '@rxsshd/ldap',
    version: VERSION,
    bind: ({ bind }) => {
      bind(LDAP_DIRECTORY)
        .toDynamicValue((context) => ldapDirectory({ clock: context.get(CLOCK), ...options }))
        .inSingletonScope()
        .onDeactivation((directory: LdapDirectory) => directory.close());
    },
  });
}
