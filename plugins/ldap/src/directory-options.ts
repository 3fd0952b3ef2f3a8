import type { ConnectionOptions } from 'node:tls';
import { inspect } from 'node:util';

import { FilterParser } from 'ldapts';
import { type Clock, type ClockOption, Secret, SshServerError, systemClock } from 'rxsshd';

import { type DirectoryAddress, readDirectoryUrl } from './directory-url.js';
import { escapeFilter } from './escape-filter.js';
import { fillTemplate, hasPlace } from './user-template.js';

/** Users whose names say where they are. */
export interface UsersByName {
  /**
   * The distinguished name of a user, with `{user}` for the name: `uid={user},ou=people,dc=example,dc=com`.
   *
   * Without a `service` nobody can look first: every password is tried on that name, and a directory that answers sooner for names
   * without a password tells by the time which users exist. Most do. Give it a `service` and a `decoyDn`.
   */
  readonly dn: string;
  /** As that of {@link UsersBySearch}. Needs a `service`. Default the name itself, which does not exist. */
  readonly decoyDn?: string;
  readonly baseDn?: undefined;
}

/** Users who have to be searched for. */
export interface UsersBySearch {
  /** Where to search. */
  readonly baseDn: string;
  /**
   * What to search for, with `{user}` for the name: `(&(objectClass=person)(uid={user}))`. It has to find one entry.
   */
  readonly filter: string;
  /** How deep to search. Default `sub`: everything below `baseDn`. */
  readonly scope?: 'one' | 'sub';
  /**
   * An entry with a password that nobody knows. The password of a user who does not exist is tried on it, so that the directory
   * works as hard as for one who exists. Default a name that does not exist, at which some directories answer sooner.
   */
  readonly decoyDn?: string;
  readonly dn?: undefined;
}

/** Who may sign in of those in the directory. */
export interface RequiredGroups {
  /** Distinguished names of groups. Membership of one is enough. */
  readonly anyOf: readonly string[];
  /**
   * What says that somebody is a member. `memberOf` of the user's entry (default), or of the entry of the group `member` or
   * `uniqueMember`, which have the distinguished name of the user, or `memberUid`, which has the name.
   */
  readonly attribute?: 'memberOf' | 'member' | 'uniqueMember' | 'memberUid';
}

/** Options of `ldapDirectory`. */
export interface LdapDirectoryOptions extends ClockOption {
  /**
   * `ldaps://host`, `ldap://host` with {@link LdapDirectoryOptions.startTls}, or on this machine `ldap://127.0.0.1` and
   * `ldapi://%2Frun%2Fslapd%2Fldapi`. Without TLS it is refused for any other machine.
   */
  readonly url: string;
  /** Begins with StartTLS (RFC 4511 section 4.14); there is no way on without. Default false. */
  readonly startTls?: boolean;
  /** Whom to trust, and who to be. The certificate of the directory is always verified. Default what Node trusts. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'minVersion'>;
  /** Where users are. */
  readonly users: UsersByName | UsersBySearch;
  /**
   * The account that searches, and reads the entries of users. Default: searches are anonymous, and with `users.dn` passwords are
   * tried without a search; after one was right the user's own entry is read by the user.
   */
  readonly service?: { readonly dn: string; readonly password: string };
  /** Groups that users have to be in. Default none. */
  readonly groups?: RequiredGroups;
  /**
   * The attribute with the name of the user. It has to have the name exactly as the client sent it: directories ignore case and
   * spaces, and policies such as `denyUsers` do not. Default `uid`; `sAMAccountName` for Active Directory.
   */
  readonly nameAttribute?: string;
  /** The attribute with lines of authorized_keys (OpenSSH LPK). Default `sshPublicKey`. */
  readonly keyAttribute?: string;
  /** How long a question may take altogether, in milliseconds: waiting, connecting, asking. Default 5 000. */
  readonly timeoutMs?: number;
  /** Connections at once: for passwords, for searches and for rechecks of sessions, each. Integer, at least 1. Default 4. */
  readonly maxConnections?: number;
  /** Questions that may wait for a connection; those beyond fail at once. Integer, at least 1. Default 1 000. */
  readonly maxPending?: number;
  /** How long a connection that nobody uses is kept, in milliseconds. Default 60 000. */
  readonly idleMs?: number;
  /** By which accounts end. Default the time of this machine; with `ldapPlugin` that of the server. */
  readonly clock?: Clock;
}

/** The options, complete. */
export interface ReadOptions extends Required<
  Omit<LdapDirectoryOptions, 'url' | 'startTls' | 'service' | 'groups' | 'tls'>
> {
  readonly address: DirectoryAddress;
  readonly tls: NonNullable<LdapDirectoryOptions['tls']>;
  readonly service: { readonly dn: string; readonly password: Secret } | undefined;
  readonly groups: Required<RequiredGroups> | undefined;
}

/**
 * Checks the options and fills in defaults.
 *
 * @throws SshServerError `ERR_SSH_OPTION` for the first that is wrong
 */
export function readOptions(options: LdapDirectoryOptions): ReadOptions {
  const { url, startTls = false, tls = {}, users, service, groups, clock = systemClock } = options;
  const { nameAttribute = 'uid', keyAttribute = 'sshPublicKey' } = options;
  const { timeoutMs = 5_000, idleMs = 60_000, maxConnections = 4, maxPending = 1_000 } = options;
  if (typeof startTls !== 'boolean') throw wrong(`startTls must be true or false, got ${inspect(startTls)}`);
  const address = readDirectoryUrl(url, startTls);
  if (typeof address === 'string') throw wrong(address);
  if (['rejectUnauthorized', 'checkServerIdentity'].some((option) => Object.hasOwn(tls, option))) {
    throw wrong('tls cannot turn verification off; give the ca instead');
  }
  if (typeof clock.now !== 'function') throw wrong(`clock must be a Clock, got ${inspect(clock, { depth: 0 })}`);
  checkUsers(users, service !== undefined);
  if (service !== undefined && !(isText(service.dn) && isText(service.password))) {
    throw wrong('service must have a dn and a password');
  }
  for (const [name, value] of Object.entries({ nameAttribute, keyAttribute })) {
    if (!isAttribute(value)) throw wrong(`${name} must be the name of an attribute, got ${inspect(value)}`);
  }
  for (const [name, value] of Object.entries({ timeoutMs, idleMs })) {
    if (!(value > 0 && value < 2 ** 31)) throw wrong(`${name} must be above 0 and below 2^31, got ${inspect(value)}`);
  }
  for (const [name, value] of Object.entries({ maxConnections, maxPending })) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw wrong(`${name} must be an integer of at least 1, got ${inspect(value)}`);
    }
  }
  return {
    address,
    tls,
    users,
    service: service && { dn: service.dn, password: new Secret(service.password) },
    groups: groups && readGroups(groups),
    ...{ nameAttribute, keyAttribute, clock, timeoutMs, maxConnections, maxPending, idleMs },
  };
}

/** What the compiler promises is checked, for those who write JavaScript. */
function checkUsers(users: Partial<UsersByName> | Partial<UsersBySearch> | undefined, hasService: boolean): void {
  if ((users?.dn === undefined) === (users?.baseDn === undefined)) throw wrong('users must have either dn or baseDn');
  if (users?.decoyDn !== undefined && !isText(users.decoyDn)) throw wrong('users.decoyDn must be a distinguished name');
  if (users?.dn !== undefined) {
    // A name alone would be taken for that of a SASL mechanism where a user calls himself EXTERNAL.
    if (!isText(users.dn) || !hasPlace(users.dn) || !/^[^={]+=/.test(users.dn)) {
      throw wrong(`users.dn must be a distinguished name with {user} in it, got ${inspect(users.dn)}`);
    }
    // It would never be used: only a look ahead of the password tells who does not exist.
    if (users.decoyDn !== undefined && !hasService) throw wrong('users.decoyDn with users.dn needs a service');
    return;
  }
  const { filter, scope = 'sub' } = users as Partial<UsersBySearch>;
  if (!isText(users?.baseDn)) throw wrong('users.baseDn must be a distinguished name');
  if (!isText(filter) || !hasPlace(filter) || !isFilter(fillTemplate(filter, 'x', escapeFilter))) {
    throw wrong(`users.filter must be a filter (RFC 4515) with {user} in it, got ${inspect(filter)}`);
  }
  if (!['one', 'sub'].includes(scope)) throw wrong(`users.scope must be 'one' or 'sub', got ${inspect(scope)}`);
}

function readGroups({ anyOf, attribute = 'memberOf' }: RequiredGroups): Required<RequiredGroups> {
  // No group at all would be everybody or nobody, and one has to know which.
  if (!Array.isArray(anyOf) || anyOf.length === 0 || !anyOf.every(isText)) {
    throw wrong('groups.anyOf must be a list of one or more distinguished names');
  }
  if (!['memberOf', 'member', 'uniqueMember', 'memberUid'].includes(attribute)) {
    throw wrong(`groups.attribute must be memberOf, member, uniqueMember or memberUid, got ${inspect(attribute)}`);
  }
  return { anyOf: [...anyOf], attribute };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

/** RFC 4512 section 1.4: a name or an object identifier, without options. */
const isAttribute = (value: unknown): boolean => typeof value === 'string' && /^[a-z0-9][a-z0-9.-]*$/i.test(value);

/** The client of LDAP does not mind a parenthesis that is missing. */
function isFilter(text: string): boolean {
  try {
    FilterParser.parseString(text);
    return text.split('(').length === text.split(')').length;
  } catch {
    return false;
  }
}

const wrong = (rule: string): SshServerError => new SshServerError('ERR_SSH_OPTION', `ldapDirectory: ${rule}`);
