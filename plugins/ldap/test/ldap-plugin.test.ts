import { createRequire } from 'node:module';

import { inject } from 'inversify';
import { createServer, Exec, generateHostKey, SshHandler } from 'rxsshd';
import { describe, expect, it } from 'vitest';

import type { LdapDirectory } from '../src/ldap-directory.js';
import { ldapPlugin } from '../src/ldap-plugin.js';
import { LDAP_DIRECTORY } from '../src/tokens.js';

const users = { dn: 'uid={user},dc=example' };

describe('ldapPlugin', () => {
  it('has the name and version of its package', () => {
    const { name, version } = createRequire(import.meta.url)('../package.json') as Record<string, unknown>;

    expect(ldapPlugin({ url: 'ldap://127.0.0.1', users })).toMatchObject({ name, version });
  });

  it('checks its options before a server is built', () => {
    expect(() => ldapPlugin({ url: 'ldap://ldap.example.com', users })).toThrow(
      expect.objectContaining({ code: 'ERR_SSH_OPTION' }),
    );
  });

  it('hands out one directory, and closes it when the server shuts down', async () => {
    const injected: LdapDirectory[] = [];

    @SshHandler()
    class One {
      constructor(@inject(LDAP_DIRECTORY) directory: LdapDirectory) {
        injected.push(directory);
      }

      @Exec('one')
      one() {
        return 1;
      }
    }

    @SshHandler()
    class Two {
      constructor(@inject(LDAP_DIRECTORY) directory: LdapDirectory) {
        injected.push(directory);
      }

      @Exec('two')
      two() {
        return 2;
      }
    }

    const { hostKey } = await generateHostKey('ssh-ed25519');
    const server = await createServer({
      hostKeys: [hostKey],
      handlers: [One, Two],
      plugins: [ldapPlugin({ url: 'ldap://127.0.0.1', users })],
      onWarning: () => undefined,
    });
    expect(new Set(injected).size).toBe(1);
    await server.shutdown({ graceMs: 0 });

    expect(injected).toHaveLength(2);
    await expect(injected[0]?.find('ann')).rejects.toMatchObject({ code: 'ERR_LDAP_CLOSED' });
  });
});
