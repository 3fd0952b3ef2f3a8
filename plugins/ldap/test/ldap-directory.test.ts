import { readFileSync } from 'node:fs';

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import type { LdapDirectoryOptions } from '../src/directory-options.js';
import { type LdapDirectory, ldapDirectory } from '../src/ldap-directory.js';
import { DirectoryProxy } from './directory-proxy.js';
import { DECOY, GROUP, PEOPLE, SERVICE, Slapd, slapdPrograms, SUFFIX } from './slapd.js';

const TIMEOUT_MS = 60_000;

const BY_SEARCH = { users: { baseDn: PEOPLE, filter: '(&(objectClass=inetOrgPerson)(uid={user}))' }, service: SERVICE };
const BY_NAME = { users: { dn: `uid={user},${PEOPLE}` } };

const ANN = { dn: `uid=ann,${PEOPLE}`, keys: [] };
const BOB = { dn: `uid=bob,${PEOPLE}`, keys: [] };

const suite = describe.skipIf(slapdPrograms.missing.length > 0);

suite(slapdPrograms.title('ldapDirectory with a slapd'), { timeout: TIMEOUT_MS }, () => {
  let slapd: Slapd;
  const opened: LdapDirectory[] = [];

  const open = (options: Partial<LdapDirectoryOptions> & Pick<LdapDirectoryOptions, 'users'>): LdapDirectory => {
    const directory = ldapDirectory({ url: slapd.url, timeoutMs: 30_000, ...options });
    opened.push(directory);
    return directory;
  };

  beforeAll(async () => {
    slapd = await Slapd.start();
  }, TIMEOUT_MS);

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((directory) => directory.close()));
  });

  afterAll(async () => {
    await slapd[Symbol.asyncDispose]();
  });

  describe.each([
    ['users who are searched for', BY_SEARCH],
    ['users whose name says where they are, read by a service account', { ...BY_NAME, service: SERVICE }],
    ['users whose name says where they are, read by themselves', BY_NAME],
  ])('of %s', (_title, options) => {
    it('confirms the right password, and no other', async () => {
      const directory = open(options);

      expect(await directory.verify('ann', "ann's secret")).toEqual(ANN);
      expect(await directory.verify('ann', "bob's secret")).toBeUndefined();
      expect(await directory.verify('bob', "bob's secret")).toEqual(BOB);
      expect(await directory.verify('nobody', "ann's secret")).toBeUndefined();
    });

    it('refuses an empty password without a word to the directory, which would accept it as an anonymous bind', async () => {
      const directory = open(options);
      const before = await slapd.connections();

      expect(await directory.verify('ann', '')).toBeUndefined();
      expect(await slapd.connections()).toBe(before);
    });

    it.each(['ANN', ' ann', 'ann ', 'Ann'])('takes %j for nobody, though the directory would not', async (name) => {
      expect(await open(options).verify(name, "ann's secret")).toBeUndefined();
    });

    it.each([
      '*',
      'a*',
      'ann)(uid=*',
      'ann)(|(uid=*))',
      '*)(objectClass=*))(|(uid=*',
      'ann\0',
      'ann,ou=people',
      'x+uid=ann',
      `ann,${PEOPLE}`,
      'bob,ou=people\\2cdc',
      '\\61nn',
      '#616e6e',
      '"ann"',
      '<GUID=1>',
      '\r\nann',
      'änn',
      'EXTERNAL',
      'PLAIN',
      'x'.repeat(257),
    ])('finds nobody by the name %j', async (name) => {
      const directory = open(options);

      expect(await directory.verify(name, "ann's secret")).toBeUndefined();
    });

    it('refuses accounts that have ended or are locked, though the password is right', async () => {
      const directory = open(options);

      expect(await directory.verify('carl', "carl's secret")).toBeUndefined();
      expect(await directory.verify('dora', "dora's secret")).toBeUndefined();
    });

    it('forgets nothing and learns nothing from one user to the next on one connection', async () => {
      const directory = open({ ...options, maxConnections: 1 });
      const attempts = [
        ['ann', "ann's secret"],
        ['bob', 'wrong'],
        ['ann', 'wrong'],
        ['bob', "bob's secret"],
      ] as const;
      const answers = await Promise.all(attempts.map(([user, password]) => directory.verify(user, password)));

      expect(answers).toEqual([ANN, undefined, undefined, BOB]);
    });
  });

  it('tries the password of a user who does not exist on a decoy, once, as it does for one who exists', async () => {
    const bindsOf = async (users: typeof BY_SEARCH.users & { decoyDn?: string }, user: string) => {
      const directory = open({ ...BY_SEARCH, users });
      await directory.find('ann');
      const before = (await slapd.binds()).length;
      await directory.verify(user, 'guess');
      return (await slapd.binds()).slice(before);
    };

    expect(await bindsOf(BY_SEARCH.users, 'ann')).toEqual([ANN.dn]);
    expect(await bindsOf(BY_SEARCH.users, 'nobody')).toEqual([`cn=rxsshd-decoy,${PEOPLE}`]);
    expect(await bindsOf({ ...BY_SEARCH.users, decoyDn: DECOY }, 'nobody')).toEqual([DECOY]);
  });

  it('tries the password of a name that has no entry on the decoy, if a service may look for the entry first', async () => {
    const directory = open({ users: { ...BY_NAME.users, decoyDn: DECOY }, service: SERVICE });
    const before = (await slapd.binds()).length;
    await directory.verify('nobody', 'guess');
    await directory.verify('ann', 'guess');
    await directory.verify('ANN', 'guess');
    const binds = (await slapd.binds()).slice(before);

    expect(binds.filter((dn) => dn !== SERVICE.dn)).toEqual([DECOY, ANN.dn, DECOY]);
  });

  it.each([BY_SEARCH, { ...BY_NAME, service: SERVICE }])(
    'asks the same of everybody: searches and one password (%#)',
    async (options) => {
      const groups = [`cn=other,ou=groups,${SUFFIX}`, GROUP];
      const directory = open({ ...options, groups: { anyOf: groups, attribute: 'member' } });
      await directory.find('ann');
      const work: (readonly [string, number, number])[] = [];
      for (const [user, password] of [
        ['ann', 'wrong'],
        ['ann', "ann's secret"],
        ['bob', "bob's secret"],
        ['carl', "carl's secret"],
        ['dora', 'wrong'],
        ['nobody', 'wrong'],
      ] as const) {
        const [searches, binds] = [await slapd.searches(), (await slapd.binds()).length];
        await directory.verify(user, password);
        work.push([user, (await slapd.searches()) - searches, (await slapd.binds()).length - binds]);
      }

      expect(work).toEqual(['ann', 'ann', 'bob', 'carl', 'dora', 'nobody'].map((user) => [user, 3, 1]));
    },
  );

  it('lets nobody in by the password of the decoy', async () => {
    const directory = open({ ...BY_SEARCH, users: { ...BY_SEARCH.users, decoyDn: DECOY } });

    expect(await directory.verify('nobody', 'of nobody')).toBeUndefined();
  });

  it('takes a filter that finds more than one for nobody', async () => {
    const filter = '(|(uid={user})(uid=bob))';
    const directory = open({ ...BY_SEARCH, users: { baseDn: PEOPLE, filter } });

    expect(await directory.verify('ann', "ann's secret")).toBeUndefined();
    expect(await directory.verify('bob', "bob's secret")).toEqual(BOB);
  });

  it.each([
    ['memberOf', GROUP],
    ['member', GROUP],
    ['memberUid', `cn=posix,ou=groups,${SUFFIX}`],
  ] as const)('asks for a group by %s', async (attribute, group) => {
    const directory = open({ ...BY_SEARCH, groups: { anyOf: [`cn=other,ou=groups,${SUFFIX}`, group], attribute } });

    expect(await directory.verify('ann', "ann's secret")).toEqual(ANN);
    expect(await directory.verify('bob', "bob's secret")).toBeUndefined();
    expect(await directory.find('bob')).toBeUndefined();
  });

  it('finds accounts without a password, and what changes with them', async () => {
    const directory = open(BY_SEARCH);
    expect(await directory.find('bob')).toEqual(BOB);
    expect(await directory.find('nobody')).toBeUndefined();

    await slapd.set(BOB.dn, 'sshPublicKey', ['ssh-ed25519 AAAA one', 'restrict ssh-ed25519 AAAA two']);
    expect(await directory.find('bob')).toEqual({
      ...BOB,
      keys: ['ssh-ed25519 AAAA one', 'restrict ssh-ed25519 AAAA two'],
    });
    await slapd.set(BOB.dn, 'shadowExpire', ['1']);
    expect(await directory.find('bob')).toBeUndefined();

    await slapd.set(BOB.dn, 'shadowExpire', []);
    await slapd.set(BOB.dn, 'sshPublicKey', []);
    expect(await directory.find('bob')).toEqual(BOB);
  });

  it('refuses more keys than anybody has', async () => {
    const directory = open(BY_SEARCH);
    await slapd.set(BOB.dn, 'sshPublicKey', [`ssh-ed25519 ${'A'.repeat(65_536)}`]);

    await expect(directory.find('bob')).rejects.toMatchObject({ code: 'ERR_LDAP_ENTRY' });
    await slapd.set(BOB.dn, 'sshPublicKey', []);
  });

  it('asks once for many who want to know of one user at once', async () => {
    const directory = open({ ...BY_SEARCH, maxConnections: 100 });
    const before = await slapd.connections();
    await Promise.all(Array.from({ length: 100 }, () => directory.find('ann')));

    expect((await slapd.connections()) - before).toBe(1);
  });

  it('uses its connections again, and no more than it may have', async () => {
    const directory = open({ ...BY_SEARCH, maxConnections: 2 });
    const before = await slapd.connections();
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(Array.from({ length: 10 }, () => directory.verify('ann', "ann's secret")));
    }

    expect((await slapd.connections()) - before).toBe(4);
  });

  it('says that the service account is wrong, and not that the user is', async () => {
    const directory = open({ ...BY_SEARCH, service: { ...SERVICE, password: 'old' } });

    await expect(directory.verify('ann', "ann's secret")).rejects.toMatchObject({
      code: 'ERR_LDAP_REFUSED',
      message: `the directory refuses the service account ${SERVICE.dn}`,
    });
  });

  describe('over TCP', () => {
    const trust = () => ({ ca: readFileSync(slapd.caFile) });

    it.each([
      ['ldaps', 'localhost', {}],
      ['ldaps', '127.0.0.1', {}],
      ['ldap', 'localhost', { startTls: true }],
      ['ldap', '127.0.0.1', { startTls: true }],
      ['ldap', '127.0.0.1', {}],
    ])('asks by %s://%s %o', async (protocol, host, options) => {
      await using proxy = await DirectoryProxy.start(slapd, { isTls: protocol === 'ldaps' });
      const url = `${protocol}://${host}:${String(proxy.port)}`;
      const directory = open({ ...BY_SEARCH, url, ...options, tls: trust() });

      expect(await directory.verify('ann', "ann's secret")).toEqual(ANN);
      expect(await directory.verify('ann', 'wrong')).toBeUndefined();
    });

    it.each([
      ['an authority that is not trusted', '127.0.0.1', () => ({})],
      ['another name', '127.0.0.1', () => ({ ...trust(), servername: 'ldap.example.com' })],
    ])('sends no password to a directory with a certificate of %s', async (_title, host, tls) => {
      for (const startTls of [true, false]) {
        await using proxy = await DirectoryProxy.start(slapd, { isTls: !startTls });
        const url = `ldap${startTls ? '' : 's'}://${host}:${String(proxy.port)}`;
        const before = (await slapd.binds()).length;

        await expect(open({ ...BY_NAME, url, startTls, tls: tls() }).verify('ann', 'x')).rejects.toMatchObject({
          code: 'ERR_LDAP_AWAY',
        });
        expect(await slapd.binds()).toHaveLength(before);
      }
    });

    it('verifies the certificate although the environment tells Node not to', async () => {
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
      try {
        for (const startTls of [true, false]) {
          await using proxy = await DirectoryProxy.start(slapd, { isTls: !startTls });
          const url = `ldap${startTls ? '' : 's'}://127.0.0.1:${String(proxy.port)}`;
          for (const tls of [{}, { ...trust(), servername: 'ldap.example.com' }]) {
            const before = (await slapd.binds()).length;
            const directory = open({ ...BY_NAME, url, startTls, tls });

            await expect(directory.verify('ann', "ann's secret")).rejects.toMatchObject({ code: 'ERR_LDAP_AWAY' });
            expect(await slapd.binds()).toHaveLength(before);
          }
          const trusting = open({ ...BY_NAME, url, startTls, tls: trust() });
          expect(await trusting.verify('ann', "ann's secret")).toEqual(ANN);
        }
      } finally {
        vi.unstubAllEnvs();
      }
    });

    it('connects again, with TLS, when its connections are cut while nobody uses them', async () => {
      await using proxy = await DirectoryProxy.start(slapd);
      const url = `ldap://127.0.0.1:${String(proxy.port)}`;
      const directory = open({ ...BY_SEARCH, url, startTls: true, tls: trust() });

      expect(await directory.verify('ann', "ann's secret")).toEqual(ANN);
      await proxy.cut();
      expect(await directory.verify('ann', "ann's secret")).toEqual(ANN);
      expect(proxy.taken).toBe(4);
    });
  });

  it('gives up a question with whoever asked it, and one of many with the last of them', async () => {
    const directory = open({ ...BY_SEARCH, maxConnections: 1, maxPending: 1 });
    const [gone, last] = [new AbortController(), new AbortController()];
    const reason = new Error('gone');
    slapd.hang();
    const asked = [
      directory.find('ann', { signal: gone.signal }),
      directory.find('ann', { signal: last.signal }),
      directory.verify('bob', 'guess', { signal: gone.signal }),
    ];
    await expect(directory.find('carl')).rejects.toMatchObject({ code: 'ERR_LDAP_BUSY' });
    gone.abort(reason);
    await expect(asked[0]).rejects.toBe(reason);
    await expect(asked[2]).rejects.toBe(reason);
    last.abort(reason);
    await expect(asked[1]).rejects.toBe(reason);

    const next = directory.verify('ann', "ann's secret");
    slapd.resume();
    expect(await next).toEqual(ANN);
    await expect(directory.verify('ann', "ann's secret", { signal: gone.signal })).rejects.toBe(reason);
    await expect(directory.find('ann', { signal: gone.signal })).rejects.toBe(reason);
  });

  it('has places for rechecks that no flood of sign-ins takes', async () => {
    const directory = open({ ...BY_SEARCH, maxConnections: 1, maxPending: 1 });
    expect(await directory.find('bob', { isRecheck: true })).toEqual(BOB);
    slapd.hang();
    const strangers = ['a', 'b', 'c'].map((user) => directory.verify(user, 'guess'));
    await expect(strangers[2]).rejects.toMatchObject({ code: 'ERR_LDAP_BUSY' });
    const recheck = directory.find('bob', { isRecheck: true });
    slapd.resume();

    expect(await recheck).toEqual(BOB);
    expect(await Promise.all(strangers.slice(0, 2))).toEqual([undefined, undefined]);
  });

  it('can be asked no more once it is closed, and settles what is under way', async () => {
    const directory = open(BY_SEARCH);
    const asked = directory.verify('ann', "ann's secret");
    await directory.close();

    await expect(asked).rejects.toMatchObject({ code: 'ERR_LDAP_CLOSED' });
    await expect(directory.find('ann')).rejects.toMatchObject({ code: 'ERR_LDAP_CLOSED' });
  });
});

suite(slapdPrograms.title('ldapDirectory with a slapd that goes away'), { timeout: TIMEOUT_MS }, () => {
  it('fails while it is gone, and is right again as soon as it is back', async () => {
    await using slapd = await Slapd.start();
    const directory = ldapDirectory({ url: slapd.url, ...BY_SEARCH, timeoutMs: 30_000 });
    expect(await directory.verify('ann', "ann's secret")).toEqual(ANN);

    await slapd.kill();
    await expect(directory.verify('ann', "ann's secret")).rejects.toMatchObject({ code: 'ERR_LDAP_AWAY' });
    await expect(directory.find('ann')).rejects.toMatchObject({ code: 'ERR_LDAP_AWAY' });

    await slapd.start();
    expect(await directory.verify('ann', "ann's secret")).toEqual(ANN);
    await directory.close();
  });

  it('waits for no longer than it may when it hangs, and not for those that wait in front', async () => {
    await using slapd = await Slapd.start();
    const options = { url: slapd.url, ...BY_SEARCH, maxConnections: 1, maxPending: 2 };
    const directory = ldapDirectory({ ...options, timeoutMs: 200 });
    slapd.hang();
    const answers = await Promise.allSettled(['a', 'b', 'c', 'd'].map((user) => directory.verify(user, 'guess')));

    expect(answers).toMatchObject([
      { reason: { code: 'ERR_LDAP_TIMEOUT' } },
      { reason: { code: 'ERR_LDAP_TIMEOUT' } },
      { reason: { code: 'ERR_LDAP_TIMEOUT' } },
      { reason: { code: 'ERR_LDAP_BUSY' } },
    ]);
    slapd.resume();
    const patient = ldapDirectory({ ...options, timeoutMs: 30_000 });
    expect(await patient.verify('ann', "ann's secret")).toEqual(ANN);
    await Promise.all([directory.close(), patient.close()]);
  });
});
