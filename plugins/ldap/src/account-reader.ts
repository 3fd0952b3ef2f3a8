import { isAccountUsable, STATE_ATTRIBUTES } from './account-state.js';
import { type DirectoryEntry, directoryEntry } from './directory-entry.js';
import type { ReadOptions, UsersByName } from './directory-options.js';
import { escapeDn } from './escape-dn.js';
import { escapeFilter } from './escape-filter.js';
import type { LdapAccount } from './ldap-account.js';
import type { LdapConnection } from './ldap-connection.js';
import { LdapError } from './ldap-error.js';
import { fillTemplate } from './user-template.js';

/** Of keys, in characters: what a user can write into the directory is parsed for everybody who gives that name. */
const MAX_KEYS_LENGTH = 65_536;

/** What the directory has under the name of a user. */
export interface Sighting {
  /** The one entry of the user; undefined if there is none, or more than one. */
  readonly entry: DirectoryEntry | undefined;
  /** Whether it is in a required group. */
  readonly isMember: boolean;
}

/**
 * Reads what the directory knows of a user, and tells whether that is an account that may be used.
 *
 * The searches are the same, and as many, for every name: who does not exist is looked for in the groups as well, by the name of a
 * decoy. Else the time would tell which users exist, and which of them may sign in.
 */
export class AccountReader {
  readonly #options: ReadOptions;

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  /** The account of `user`; undefined if there is none that may be used. */
  async read(connection: LdapConnection, user: string): Promise<LdapAccount | undefined> {
    return this.accountOf(await this.look(connection, user));
  }

  /** Does all the searches that there are to do for a user. */
  async look(connection: LdapConnection, user: string): Promise<Sighting> {
    const entry = await this.#find(connection, user);
    const isMember = await this.#isInGroup(connection, user, entry?.dn ?? decoyDn(this.#options.users, user));
    return { entry, isMember };
  }

  /** The account that was seen; undefined if there is none that may be used. */
  accountOf({ entry, isMember }: Sighting): LdapAccount | undefined {
    const { clock, keyAttribute } = this.#options;
    if (entry === undefined || !isMember || !isAccountUsable(entry, clock.now())) return undefined;
    const keys = entry.valuesOf(keyAttribute);
    if (keys.reduce((sum, { length }) => sum + length, 0) > MAX_KEYS_LENGTH) {
      throw new LdapError('ERR_LDAP_ENTRY', `${entry.dn} has more than ${String(MAX_KEYS_LENGTH)} characters of keys`);
    }
    return { dn: entry.dn, keys };
  }

  async #find(connection: LdapConnection, user: string): Promise<DirectoryEntry | undefined> {
    const { users, nameAttribute, keyAttribute } = this.#options;
    const attributes = [nameAttribute, keyAttribute, ...STATE_ATTRIBUTES];
    const found =
      users.dn === undefined
        ? await connection.search(users.baseDn, {
            scope: users.scope ?? 'sub',
            filter: fillTemplate(users.filter, user, escapeFilter),
            // One more than wanted, to see that it is not the only one.
            sizeLimit: 2,
            attributes,
          })
        : await connection.search(userDn(users, user), { scope: 'base', sizeLimit: 1, attributes });
    const [only, ...others] = found;
    if (only === undefined || others.length > 0) return undefined;
    const entry = directoryEntry(only);
    return entry.valuesOf(nameAttribute).includes(user) ? entry : undefined;
  }

  /** Compared by the directory, which knows when two names are the same. */
  async #isInGroup(connection: LdapConnection, user: string, dn: string): Promise<boolean> {
    const { groups } = this.#options;
    if (groups === undefined) return true;
    const has = async (entryDn: string, filter: string): Promise<boolean> => {
      const found = await connection.search(entryDn, { scope: 'base', filter, sizeLimit: 1, attributes: ['1.1'] });
      return found.length > 0;
    };
    if (groups.attribute === 'memberOf') {
      return has(dn, `(|${groups.anyOf.map((group) => `(memberOf=${escapeFilter(group)})`).join('')})`);
    }
    const member = escapeFilter(groups.attribute === 'memberUid' ? user : dn);
    let isMember = false;
    for (const group of groups.anyOf) {
      // Of all of them, whichever it is.
      isMember = (await has(group, `(${groups.attribute}=${member})`)) || isMember;
    }
    return isMember;
  }
}

/** What stands in for the entry of a user who has none. */
export function decoyDn(users: ReadOptions['users'], user: string): string {
  if (users.decoyDn !== undefined) return users.decoyDn;
  return users.dn === undefined ? `cn=rxsshd-decoy,${users.baseDn}` : userDn(users, user);
}

/** The distinguished name of a user whose name says where the entry is. */
export const userDn = ({ dn }: UsersByName, user: string): string => fillTemplate(dn, user, escapeDn);
