import { readFile } from 'node:fs/promises';

import {
  allowLdapAccounts,
  grantLdapPassword,
  LDAP_DIRECTORY,
  type LdapDirectory,
  ldapKeys,
  ldapPlugin,
} from '@rxsshd/ldap';
import { inject } from 'inversify';
import type { Observable } from 'rxjs';
import { createServer, Decide, Exec, grantPublicKey, loadOrCreateHostKey, type Session, SshHandler } from 'rxsshd';
import type { SSHUserAuthRequest, Verdict } from 'rxsshd';

@SshHandler()
class Desk {
  readonly #directory: LdapDirectory;

  constructor(@inject(LDAP_DIRECTORY) directory: LdapDirectory) {
    this.#directory = directory;
  }

  @Decide('SSHUserAuthRequest')
  signIn(verdict$: Observable<Verdict<SSHUserAuthRequest>>) {
    return verdict$.pipe(
      grantPublicKey(ldapKeys(this.#directory)),
      grantLdapPassword(this.#directory),
      // Every five minutes, for as long as the session lasts.
      allowLdapAccounts(this.#directory, { recheckMs: 300_000 }),
    );
  }

  @Exec('whoami')
  whoami(session: Session) {
    return `${session.user}\n`;
  }
}

const {
  LDAP_URL = 'ldap://127.0.0.1',
  LDAP_CA,
  LDAP_PASSWORD = '',
  PORT = '2222',
  STATE_DIR = '.rxsshd',
} = process.env;

const server = await createServer({
  hostKeys: [await loadOrCreateHostKey(`${STATE_DIR}/ssh_host_ed25519_key`)],
  handlers: [Desk],
  plugins: [
    ldapPlugin({
      url: LDAP_URL,
      startTls: true,
      tls: LDAP_CA === undefined ? {} : { ca: await readFile(LDAP_CA) },
      users: { baseDn: 'ou=people,dc=example,dc=com', filter: '(&(objectClass=inetOrgPerson)(uid={user}))' },
      service: { dn: 'cn=sshd,dc=example,dc=com', password: LDAP_PASSWORD },
      groups: { anyOf: ['cn=ssh,ou=groups,dc=example,dc=com'] },
    }),
  ],
});
const address = await server.listen({ host: '127.0.0.1', port: Number(PORT) });
console.log('listening on', address);
