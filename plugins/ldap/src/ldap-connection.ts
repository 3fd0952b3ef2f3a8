import type { Socket } from 'node:net';

import { Client, type Entry, ResultCodeError, type SearchOptions } from 'ldapts';
import type { Secret } from 'rxsshd';

import { LdapError } from './ldap-error.js';

/** Results of a bind that say no to the user, and not to everybody (RFC 4511 appendix A, and how directories use it). */
const REFUSALS: ReadonlySet<number> = new Set([
  19, // constraintViolation: locked after too many attempts
  32, // noSuchObject
  48, // inappropriateAuthentication: the entry has no password
  49, // invalidCredentials
  53, // unwillingToPerform: the account is not active
]);

const NO_SUCH_OBJECT = 32;

/** One connection to the directory, which does one thing at a time and does not come back once it is gone. */
export class LdapConnection {
  readonly #socket: Socket;
  readonly #client: Client;

  constructor(socket: Socket) {
    this.#socket = socket;
    let isTaken = false;
    const takeOnce = (): Socket => {
      // The client would connect again by itself, and send the next password without TLS.
      if (isTaken) throw new LdapError('ERR_LDAP_AWAY', 'the connection to the directory is gone');
      isTaken = true;
      return socket;
    };
    this.#client = new Client({
      url: 'ldap://localhost',
      // Called with a port and a host, which the socket has behind it.
      createConnection: takeOnce,
    });
    socket.on('error', () => undefined);
  }

  /** Whether it can still be used, as far as one can tell. */
  get isAlive(): boolean {
    return !this.#socket.destroyed && this.#socket.readyState === 'open';
  }

  /**
   * Tells whether this is the password of the entry (RFC 4513 section 5.1.3). From then on the connection is that user's; or
   * nobody's, if it is not.
   *
   * @throws LdapError, as a rejection, if that cannot be said
   */
  async bind(dn: string, password: Secret): Promise<boolean> {
    // An empty password is an anonymous bind, which succeeds for everybody (RFC 4513 section 5.1.2).
    if (password.equals('') || dn === '') return false;
    try {
      await this.#client.bind(dn, password.expose());
      return true;
    } catch (cause) {
      if (cause instanceof ResultCodeError && REFUSALS.has(cause.code)) return false;
      throw failure(cause);
    }
  }

  /**
   * The entries that a search finds; none if its base does not exist.
   *
   * @throws LdapError, as a rejection, if the directory does not say
   */
  async search(baseDn: string, options: SearchOptions): Promise<readonly Entry[]> {
    try {
      const { searchEntries } = await this.#client.search(baseDn, options);
      return searchEntries;
    } catch (cause) {
      if (cause instanceof ResultCodeError && cause.code === NO_SUCH_OBJECT) return [];
      throw failure(cause);
    }
  }

  /** Whether the process waits for it: not while it is idle. */
  hold(isInUse: boolean): void {
    if (isInUse) this.#socket.ref();
    else this.#socket.unref();
  }

  /** Ends it. What is under way fails. */
  destroy(): void {
    this.#socket.destroy();
  }
}

function failure(cause: unknown): LdapError {
  if (cause instanceof LdapError) return cause;
  if (cause instanceof ResultCodeError) {
    return new LdapError('ERR_LDAP_REFUSED', `the directory answered with result ${String(cause.code)}`, { cause });
  }
  return new LdapError('ERR_LDAP_AWAY', 'the connection to the directory broke', { cause });
}
