import { Secret } from 'rxsshd';

import { AccountReader, decoyDn, userDn } from './account-reader.js';
import { ConnectionPool } from './connection-pool.js';
import { type LdapDirectoryOptions, type ReadOptions, readOptions } from './directory-options.js';
import type { LdapAccount } from './ldap-account.js';
import { LdapConnection } from './ldap-connection.js';
import { LdapError } from './ldap-error.js';
import { openSocket } from './open-socket.js';
import { SharedQuestions } from './shared-questions.js';

/** What can be said besides to a question. */
export interface LdapQuestionOptions {
  /** Aborted when nobody waits for the answer any more: the question is given up, and its place is free. */
  readonly signal?: AbortSignal;
  /**
   * Whether this is about a session that lasts. Such questions have connections and a queue of their own, so that no flood of sign-ins
   * keeps them from being answered, and sessions from going on. Default false.
   */
  readonly isRecheck?: boolean;
}

/** A directory of users, as the policies of this package ask it. Tests may bring one of their own. */
export interface LdapDirectory {
  /**
   * The account of `user` if `password` is right and the account may be used; undefined if not, for whatever reason.
   *
   * @throws {@link LdapError}, as a rejection, if the directory does not say; the reason of `signal`
   */
  verify(
    user: string,
    password: string,
    options?: Pick<LdapQuestionOptions, 'signal'>,
  ): Promise<LdapAccount | undefined>;
  /**
   * The account of `user` if it may be used: it exists, is neither locked, disabled nor expired, and is in a required group.
   *
   * @throws {@link LdapError}, as a rejection, if the directory does not say; the reason of `signal`
   */
  find(user: string, options?: LdapQuestionOptions): Promise<LdapAccount | undefined>;
  /** Ends all connections. Never rejects. */
  close(): Promise<void>;
}

/** Longer than any name; a directory may compare such a thing at great length. */
const MAX_USER_LENGTH = 256;

/**
 * Makes a directory of users out of an LDAP server: OpenLDAP, 389 Directory Server, FreeIPA, Active Directory.
 *
 * Connects when it is asked, keeps a few connections, and reconnects by itself. Names are escaped in filters (RFC 4515) and
 * distinguished names (RFC 4514). An empty password is refused without asking (RFC 4513 section 5.1.2). For a user who does not
 * exist the same is asked as for every other, and the password is tried on a decoy; but see `users.dn` without a `service`.
 *
 * @example
 * ```ts
 * const directory = ldapDirectory({
 *   url: 'ldaps://ldap.example.com',
 *   users: { baseDn: 'ou=people,dc=example,dc=com', filter: '(&(objectClass=posixAccount)(uid={user}))' },
 *   service: { dn: 'cn=sshd,ou=services,dc=example,dc=com', password: process.env['LDAP_PASSWORD'] ?? '' },
 *   groups: { anyOf: ['cn=ssh,ou=groups,dc=example,dc=com'] },
 * });
 * ```
 *
 * @throws SshServerError `ERR_SSH_OPTION` if an option is wrong. The methods reject with {@link LdapError}.
 */
export function ldapDirectory(options: LdapDirectoryOptions): LdapDirectory {
  return new Directory(readOptions(options));
}

class Directory implements LdapDirectory {
  readonly #options: ReadOptions;
  /** Connections on which passwords are tried, so that they belong to one user after the other. */
  readonly #binds: ConnectionPool;
  /** Connections of the service account, or of nobody. */
  readonly #searches: ConnectionPool;
  /** As {@link #searches}, for sessions that last. */
  readonly #rechecks: ConnectionPool;
  readonly #reader: AccountReader;
  readonly #found = new SharedQuestions<LdapAccount | undefined>();
  readonly #rechecked = new SharedQuestions<LdapAccount | undefined>();

  constructor(options: ReadOptions) {
    this.#options = options;
    this.#reader = new AccountReader(options);
    const { service } = options;
    const open = async (signal: AbortSignal): Promise<LdapConnection> => {
      try {
        return new LdapConnection(await openSocket(options, signal));
      } catch (cause) {
        if (signal.aborted) throw cause;
        throw new LdapError('ERR_LDAP_AWAY', 'there is no connection to the directory', { cause });
      }
    };
    this.#binds = new ConnectionPool({ ...options, open });
    const openForSearches = async (signal: AbortSignal): Promise<LdapConnection> => {
      const connection = await open(signal);
      if (service !== undefined) await this.#becomeService(connection, service, signal);
      return connection;
    };
    this.#searches = new ConnectionPool({ ...options, open: openForSearches });
    this.#rechecks = new ConnectionPool({ ...options, open: openForSearches });
  }

  verify(
    user: string,
    password: string,
    { signal }: Pick<LdapQuestionOptions, 'signal'> = {},
  ): Promise<LdapAccount | undefined> {
    if (password === '' || !isName(user)) return Promise.resolve(undefined);
    const secret = new Secret(password);
    const { users, service } = this.#options;
    const question =
      users.dn === undefined || service !== undefined
        ? (ended: AbortSignal) => this.#verifySeen(user, secret, ended)
        : (ended: AbortSignal) => this.#verifyNamed(user, userDn(users, user), secret, ended);
    return this.#inTime(question, signal);
  }

  find(user: string, { signal, isRecheck = false }: LdapQuestionOptions = {}): Promise<LdapAccount | undefined> {
    if (!isName(user)) return Promise.resolve(undefined);
    const [questions, pool] = isRecheck ? [this.#rechecked, this.#rechecks] : [this.#found, this.#searches];
    const read = (ended: AbortSignal) => pool.run(ended, (connection) => this.#reader.read(connection, user));
    return questions.ask(user, (abandoned) => this.#inTime(read, abandoned), signal);
  }

  close(): Promise<void> {
    for (const pool of [this.#binds, this.#searches, this.#rechecks]) pool.close();
    return Promise.resolve();
  }

  /** Looks first, and tries the password whatever there is to see. */
  async #verifySeen(user: string, password: Secret, signal: AbortSignal): Promise<LdapAccount | undefined> {
    const seen = await this.#searches.run(signal, (connection) => this.#reader.look(connection, user));
    const dn = seen.entry?.dn ?? decoyDn(this.#options.users, user);
    const isRight = await this.#binds.run(signal, (connection) => connection.bind(dn, password));
    return isRight ? this.#reader.accountOf(seen) : undefined;
  }

  /** Tries the password first, since nobody but the user may look. */
  #verifyNamed(user: string, dn: string, password: Secret, signal: AbortSignal): Promise<LdapAccount | undefined> {
    return this.#binds.run(signal, async (connection) =>
      (await connection.bind(dn, password)) ? this.#reader.read(connection, user) : undefined,
    );
  }

  async #becomeService(
    connection: LdapConnection,
    { dn, password }: NonNullable<ReadOptions['service']>,
    signal: AbortSignal,
  ): Promise<void> {
    const onAbort = (): void => {
      connection.destroy();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      if (await connection.bind(dn, password)) return;
      throw new LdapError('ERR_LDAP_REFUSED', `the directory refuses the service account ${dn}`);
    } catch (error) {
      connection.destroy();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** All of a question within its time, and for as long as somebody waits for it. */
  async #inTime<T>(question: (signal: AbortSignal) => Promise<T>, abandoned?: AbortSignal): Promise<T> {
    abandoned?.throwIfAborted();
    const { timeoutMs } = this.#options;
    const controller = new AbortController();
    const onAbandoned = (): void => {
      controller.abort(abandoned?.reason);
    };
    abandoned?.addEventListener('abort', onAbandoned, { once: true });
    const timer = setTimeout(() => {
      controller.abort(new LdapError('ERR_LDAP_TIMEOUT', `the directory has not answered for ${String(timeoutMs)} ms`));
    }, timeoutMs);
    try {
      return await question(controller.signal);
    } catch (error) {
      throw controller.signal.aborted ? controller.signal.reason : error;
    } finally {
      clearTimeout(timer);
      abandoned?.removeEventListener('abort', onAbandoned);
    }
  }
}

const isName = (user: string): boolean => user !== '' && user.length <= MAX_USER_LENGTH;
