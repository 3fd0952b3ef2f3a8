import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Attribute, Change, Client } from 'ldapts';

import { requires } from '../../../test/support/requires.js';
import { runProgram, RunningProgram } from '../../../test/support/running-program.js';

/** What the suites of this plugin need. */
export const slapdPrograms = requires(['slapd', 'slapadd', 'openssl']);

export const SUFFIX = 'dc=example,dc=com';
export const PEOPLE = `ou=people,${SUFFIX}`;
/** Members are ann and carl. */
export const GROUP = `cn=ssh,ou=groups,${SUFFIX}`;
/** May read everything but passwords. */
export const SERVICE = { dn: `cn=sshd,${SUFFIX}`, password: 'of the service' };
/** Has a password that no test knows. */
export const DECOY = `cn=decoy,${SUFFIX}`;
const ADMIN = { dn: `cn=admin,${SUFFIX}`, password: 'of the admin' };

/** A slapd of the test's own: in a temporary folder, on a Unix socket, without a port. */
export class Slapd implements AsyncDisposable {
  /** Path of the socket on which it listens. */
  readonly socket: string;
  /** What `ldapDirectory` takes. */
  readonly url: string;
  /** Path of the certificate of its authority; its own is for `localhost` and 127.0.0.1. */
  readonly caFile: string;
  /** Path of the key that belongs to it. */
  readonly keyFile: string;
  readonly #folder: string;
  #program: RunningProgram | undefined;
  #marks = 0;
  #ownConnections = 0;

  private constructor(folder: string) {
    this.#folder = folder;
    this.socket = path.join(folder, 'ldapi');
    this.url = `ldapi://${encodeURIComponent(this.socket)}`;
    this.caFile = path.join(folder, 'cert.pem');
    this.keyFile = path.join(folder, 'key.pem');
  }

  /** Starts one with the entries of {@link ENTRIES}, and with `more` in LDIF. */
  static async start(more = ''): Promise<Slapd> {
    const slapd = new Slapd(await mkdtemp(path.join(tmpdir(), 'rxsshd-ldap-')));
    await slapd.#prepare(`${ENTRIES}\n${more}`);
    await slapd.start();
    return slapd;
  }

  /** Starts it again, with what it held before. Settles once it takes connections. */
  async start(): Promise<void> {
    const args = ['-d', 'stats', '-h', this.url, '-f', this.#file('slapd.conf')];
    this.#program = RunningProgram.start(slapdPrograms.path('slapd'), args, { deadlineMs: 300_000 });
    await this.#program.said(/slapd starting/);
    // It says so before it listens.
    this.#ownConnections = 1;
    while (!(await isReachable(this.socket))) await new Promise(setImmediate);
  }

  /** Ends it as a power failure would. Settles once it is gone. */
  async kill(): Promise<void> {
    await this.#program?.[Symbol.asyncDispose]();
    await rm(this.socket, { force: true });
  }

  /** Lets it hang: connections stay, and nothing answers. */
  hang(): void {
    this.#program?.kill('SIGSTOP');
  }

  /** Lets it go on. */
  resume(): void {
    this.#program?.kill('SIGCONT');
  }

  /** The names that passwords were tried for, in order, since it was started. */
  async binds(): Promise<readonly string[]> {
    const log = await this.#log();
    const names = [...log.matchAll(/ BIND dn="([^"]*)" method=128/g)].map(([, dn = '']) => dn);
    return names.filter((dn) => dn !== ADMIN.dn && !dn.startsWith('cn=mark'));
  }

  /** How many searches it was asked for since it was started. */
  async searches(): Promise<number> {
    return (await this.#log()).split(' SRCH base=').length - 1;
  }

  /** How many connections it has taken since it was started, those of this class left out. */
  async connections(): Promise<number> {
    const log = await this.#log();
    return log.split(' ACCEPT from ').length - 1 - this.#ownConnections;
  }

  /** Sets an attribute of an entry, or takes it away. */
  async set(dn: string, type: string, values: readonly string[]): Promise<void> {
    const modification = new Attribute({ type, values: [...values] });
    await this.#ask(async (client) => {
      await client.bind(ADMIN.dn, ADMIN.password);
      await client.modify(dn, new Change({ operation: 'replace', modification }));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true });
  }

  /** What it has logged of all that it has answered so far: it logs in order, so that what comes last brings all else along. */
  async #log(): Promise<string> {
    this.#marks += 1;
    const mark = `cn=mark ${String(this.#marks)}`;
    await this.#ask((client) => client.bind(mark, 'x').catch(() => undefined));
    await this.#program?.said(new RegExp(`"${mark}"`));
    return this.#program?.stderrSoFar ?? '';
  }

  async #ask(question: (client: Client) => Promise<unknown>): Promise<void> {
    this.#ownConnections += 1;
    const client = new Client({ url: 'ldap://localhost', createConnection: this.#connect });
    await question(client);
    await client.unbind();
  }

  /** The client hands over a port and a host, which are of no use here. */
  readonly #connect = (() => connect(this.socket)) as typeof connect;

  #file(name: string): string {
    return path.join(this.#folder, name);
  }

  async #prepare(ldif: string): Promise<void> {
    await mkdir(this.#file('db'));
    await writeFile(this.#file('slapd.conf'), configuration(this.#folder));
    await writeFile(this.#file('entries.ldif'), ldif);
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const key = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-noenc',
      '-keyout',
      this.#file('key.pem'),
    ];
    const certificate = ['req', '-x509', '-days', '30', ...key, ...subject, '-out', this.caFile];
    const add = ['-f', this.#file('slapd.conf'), '-l', this.#file('entries.ldif')];
    for (const [program, args] of [
      ['openssl', certificate],
      ['slapadd', add],
    ] as const) {
      const { status, stderr } = await runProgram(slapdPrograms.path(program), args);
      if (status !== 0) throw new Error(`${program} failed:\n${stderr}`);
    }
  }
}

const isReachable = (socket: string): Promise<boolean> =>
  new Promise((resolve) => {
    const knock = connect(socket);
    knock.once('connect', () => {
      knock.destroy();
      resolve(true);
    });
    knock.once('error', () => {
      resolve(false);
    });
  });

const configuration = (folder: string): string => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
attributetype ( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY MAY ( sshPublicKey $ uid ) )
pidfile ${folder}/pid
TLSCACertificateFile ${folder}/cert.pem
TLSCertificateFile ${folder}/cert.pem
TLSCertificateKeyFile ${folder}/key.pem
disallow bind_anon
require LDAPv3
database mdb
maxsize 10485760
suffix "${SUFFIX}"
rootdn "${ADMIN.dn}"
rootpw "${ADMIN.password}"
directory ${folder}/db
overlay memberof
overlay ppolicy
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${SERVICE.dn}" read by self read by * none
`;

const person = (uid: string, more = ''): string =>
  `
dn: uid=${uid},${PEOPLE}
objectClass: inetOrgPerson
objectClass: shadowAccount
objectClass: ldapPublicKey
uid: ${uid}
cn: ${uid}
sn: ${uid}
userPassword: ${uid}'s secret
${more}`.trimEnd();

/** What every slapd of a test holds. */
const ENTRIES = `dn: ${SUFFIX}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,${SUFFIX}
objectClass: organizationalUnit
ou: people

dn: ou=groups,${SUFFIX}
objectClass: organizationalUnit
ou: groups

dn: ${SERVICE.dn}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: sshd
userPassword: ${SERVICE.password}

dn: ${DECOY}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: decoy
userPassword: of nobody
${person('ann', `memberOf: ${GROUP}`)}
${person('bob')}
${person('carl', `memberOf: ${GROUP}\nshadowExpire: 18262`)}
${person('dora', 'pwdAccountLockedTime: 000001010000Z')}

dn: ${GROUP}
objectClass: groupOfNames
cn: ssh
member: uid=ann,${PEOPLE}
member: uid=carl,${PEOPLE}

dn: cn=posix,ou=groups,${SUFFIX}
objectClass: posixGroup
cn: posix
gidNumber: 1000
memberUid: ann
`;
