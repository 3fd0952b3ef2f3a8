import { describe, expect, it } from 'vitest';

import { AccountReader } from '../src/account-reader.js';
import { type LdapDirectoryOptions, readOptions } from '../src/directory-options.js';
import type { LdapConnection } from '../src/ldap-connection.js';

const PEOPLE = 'ou=people,dc=example';
const GROUPS = ['cn=a,dc=example', 'cn=b,dc=example', 'cn=c,dc=example'];
const NOW = Date.UTC(2026, 0, 1);
const BY_SEARCH = { baseDn: PEOPLE, filter: '(uid={user})' };

/** What a directory holds: who is in no group is not in this list. */
const ENTRIES: Readonly<Record<string, object>> = {
  ann: {},
  bob: {},
  gone: { nsAccountLock: 'TRUE' },
  ended: { krbPrincipalExpiration: '20251231235959Z' },
};
const MEMBERS = ['ann', 'gone', 'ended'];

/** A connection on which every search is noted: ann is in the first of the groups, and so are those who are gone. */
function connection() {
  const searches: { readonly base: string; readonly filter: string | undefined }[] = [];
  const search = async (base: string, { filter }: { readonly filter?: string }) => {
    searches.push({ base, filter });
    const user = Object.keys(ENTRIES).find((uid) => `${base} ${filter ?? ''}`.includes(`uid=${uid}`));
    if (base === PEOPLE || (base.startsWith('uid=') && filter === undefined)) {
      return user === undefined ? [] : [{ dn: `uid=${user},${PEOPLE}`, uid: user, ...ENTRIES[user] }];
    }
    const isMember = user !== undefined && MEMBERS.includes(user) && (base === GROUPS[0] || base.startsWith('uid='));
    return isMember ? [{ dn: base }] : [];
  };
  // All that a reader has to do with a connection.
  return { searches, it: { search } as unknown as LdapConnection };
}

const readerWith = (options: Partial<LdapDirectoryOptions>) =>
  new AccountReader(
    readOptions({
      url: 'ldaps://localhost',
      users: BY_SEARCH,
      clock: { now: () => NOW, scheduler: undefined as never },
      ...options,
    }),
  );

describe('AccountReader', () => {
  it.each<[string, Partial<LdapDirectoryOptions>, number]>([
    ['no group', {}, 1],
    ['memberOf', { groups: { anyOf: GROUPS } }, 2],
    ['member', { groups: { anyOf: GROUPS, attribute: 'member' } }, 4],
    ['uniqueMember', { groups: { anyOf: GROUPS, attribute: 'uniqueMember' } }, 4],
    ['member, by name', { users: { dn: `uid={user},${PEOPLE}` }, groups: { anyOf: GROUPS, attribute: 'member' } }, 4],
  ])('searches as often, whoever it is about, with %s required', async (_title, options, count) => {
    const reader = readerWith(options);
    const outcomes: [string, number, boolean][] = [];
    for (const user of ['ann', 'bob', 'gone', 'ended', 'nobody', 'ANN']) {
      const { searches, it: given } = connection();
      const account = await reader.read(given, user);
      outcomes.push([user, searches.length, account !== undefined]);
    }

    const areGroupsRequired = options.groups !== undefined;
    expect(outcomes).toEqual([
      ['ann', count, true],
      ['bob', count, !areGroupsRequired],
      ['gone', count, false],
      ['ended', count, false],
      ['nobody', count, false],
      ['ANN', count, false],
    ]);
  });

  it('looks for who does not exist under the name of the decoy', async () => {
    const { searches, it: given } = connection();
    const users = { ...BY_SEARCH, decoyDn: 'cn=decoy,dc=example' };
    await readerWith({ users, groups: { anyOf: GROUPS.slice(0, 1), attribute: 'member' } }).read(given, 'nobody');

    expect(searches.at(-1)).toEqual({ base: GROUPS[0], filter: '(member=cn=decoy,dc=example)' });
  });

  it('goes by its clock', async () => {
    const before = readerWith({ clock: { now: () => NOW - 86_400_000, scheduler: undefined as never } });

    expect(await before.read(connection().it, 'ended')).toMatchObject({ dn: `uid=ended,${PEOPLE}` });
  });
});
