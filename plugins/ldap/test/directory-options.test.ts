import { describe, expect, it } from 'vitest';

import { type LdapDirectoryOptions, readOptions } from '../src/directory-options.js';

const url = 'ldaps://ldap.example.com';
const users = { dn: 'uid={user},ou=people,dc=example,dc=com' };
const search = { baseDn: 'dc=example,dc=com', filter: '(uid={user})' };

describe('options of the directory', () => {
  it.each<[Partial<LdapDirectoryOptions>, object]>([
    [{ url }, { security: 'tls', host: 'ldap.example.com', target: { host: 'ldap.example.com', port: 636 } }],
    [{ url: 'ldaps://ldap.example.com:3269/' }, { security: 'tls', target: { port: 3269 } }],
    [
      { url: 'ldap://ldap.example.com', startTls: true },
      { security: 'starttls', target: { port: 389 } },
    ],
    [{ url: 'ldap://[::1]' }, { security: 'plain', host: '::1', target: { host: '::1', port: 389 } }],
    [{ url: 'ldap://127.1.2.3' }, { security: 'plain', host: '127.1.2.3' }],
    [{ url: 'ldap://localhost:1389' }, { security: 'plain', target: { port: 1389 } }],
    [{ url: 'ldapi://%2Frun%2Fslapd%2Fldapi' }, { security: 'plain', host: '', target: { path: '/run/slapd/ldapi' } }],
  ])('take %o', (options, address) => {
    expect(readOptions({ url, users, ...options }).address).toMatchObject(address);
  });

  it.each<[object, string]>([
    [{ url: undefined }, 'url must begin with'],
    [{ url: 'https://ldap.example.com' }, 'url must begin with'],
    [{ url: 'ldap://' }, 'url must begin with'],
    [{ url: 'ldapi://relative' }, 'url must begin with'],
    [{ url: 'ldapi://%zz' }, 'url must begin with'],
    [{ url: 'ldapi://%2Frun%2Fldapi', startTls: true }, 'startTls makes no sense for a Unix socket'],
    [{ url: 'ldaps://cn:secret@ldap.example.com' }, 'url must have no user, path or query'],
    [{ url: 'ldaps://ldap.example.com/dc=example?uid' }, 'url must have no user, path or query'],
    [{ url, startTls: true }, 'startTls is for ldap://'],
    [{ url: 'ldap://ldap.example.com' }, 'url must be ldaps://'],
    [{ url: 'ldap://127.0.0.1.example.com' }, 'url must be ldaps://'],
    [{ url: 'ldap://localhost.example.com' }, 'url must be ldaps://'],
    [{ startTls: 'yes' }, "startTls must be true or false, got 'yes'"],
    [{ tls: { rejectUnauthorized: false } }, 'tls cannot turn verification off'],
    [{ tls: { checkServerIdentity: () => undefined } }, 'tls cannot turn verification off'],
    [{ clock: {} }, 'clock must be a Clock, got {}'],
    [{ users: undefined }, 'users must have either dn or baseDn'],
    [{ users: { ...users, ...search } }, 'users must have either dn or baseDn'],
    [{ users: { dn: 'uid=ann,dc=example' } }, 'users.dn must be a distinguished name with {user} in it'],
    [{ users: { dn: '{user}' } }, 'users.dn must be a distinguished name with {user} in it'],
    [{ users: { dn: '{user}=x' } }, 'users.dn must be a distinguished name with {user} in it'],
    [{ users: { ...search, baseDn: '' } }, 'users.baseDn must be a distinguished name'],
    [{ users: { ...search, filter: '(uid=ann)' } }, 'users.filter must be a filter'],
    [{ users: { ...search, filter: '(&(uid={user})' } }, 'users.filter must be a filter'],
    [{ users: { ...search, scope: 'base' } }, "users.scope must be 'one' or 'sub', got 'base'"],
    [{ users: { ...users, decoyDn: 'cn=decoy' } }, 'users.decoyDn with users.dn needs a service'],
    [{ users: { ...users, decoyDn: ' ' } }, 'users.decoyDn must be a distinguished name'],
    [{ users: { ...search, decoyDn: ' ' } }, 'users.decoyDn must be a distinguished name'],
    [{ service: { dn: 'cn=sshd', password: '' } }, 'service must have a dn and a password'],
    [{ groups: { anyOf: [] } }, 'groups.anyOf must be a list of one or more'],
    [{ groups: { anyOf: ['cn=ssh'], attribute: 'gid' } }, 'groups.attribute must be memberOf'],
    [{ nameAttribute: 'uid)(x' }, "nameAttribute must be the name of an attribute, got 'uid)(x'"],
    [{ keyAttribute: '' }, "keyAttribute must be the name of an attribute, got ''"],
    [{ timeoutMs: 0 }, 'timeoutMs must be above 0 and below 2^31, got 0'],
    [{ timeoutMs: NaN }, 'timeoutMs must be above 0 and below 2^31, got NaN'],
    [{ idleMs: 2 ** 31 }, 'idleMs must be above 0 and below 2^31'],
    [{ maxConnections: 0 }, 'maxConnections must be an integer of at least 1, got 0'],
    [{ maxPending: 1.5 }, 'maxPending must be an integer of at least 1, got 1.5'],
  ])('%o are refused', (options, message) => {
    // What JavaScript lets through.
    const given = { url, users, ...options } as LdapDirectoryOptions;

    expect(() => readOptions(given)).toThrow(
      expect.objectContaining({
        code: 'ERR_SSH_OPTION',
        message: expect.stringContaining(`ldapDirectory: ${message}`) as unknown,
      }),
    );
  });

  it('never show a password', () => {
    const service = { dn: 'cn=sshd', password: 'hunter2' };

    expect(() => readOptions({ url: 'ldaps://cn:hunter2@host', users })).toThrow(
      expect.not.stringContaining('hunter2') as string,
    );
    expect(JSON.stringify(readOptions({ url, users, service }))).not.toContain('hunter2');
  });
});
