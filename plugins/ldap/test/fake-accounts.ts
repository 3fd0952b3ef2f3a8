import type { LdapAccount } from '../src/ldap-account.js';
import type { LdapDirectory, LdapQuestionOptions } from '../src/ldap-directory.js';
import { LdapError } from '../src/ldap-error.js';

/** A directory in memory that takes its time, in the time of whoever set the timers of the process. */
export class FakeAccounts implements LdapDirectory {
  /** Passwords by user; who is not here has no account. */
  readonly passwords = new Map([['ann', 'right']]);
  readonly keys: string[] = [];
  /** Whether it can be asked at all. */
  isAway = false;
  /** Questions so far. */
  asked = 0;
  isClosed = false;
  /** The questions, in order, and whether the asker has given them up. */
  readonly questions: { readonly isRecheck: boolean; isGivenUp: boolean }[] = [];

  readonly verify = async (
    user: string,
    password: string,
    options: LdapQuestionOptions = {},
  ): Promise<LdapAccount | undefined> =>
    (await this.find(user, options)) && (this.passwords.get(user) === password ? this.#account(user) : undefined);

  readonly find = async (
    user: string,
    { signal, isRecheck = false }: LdapQuestionOptions = {},
  ): Promise<LdapAccount | undefined> => {
    this.asked += 1;
    const question = { isRecheck, isGivenUp: false };
    this.questions.push(question);
    signal?.addEventListener('abort', () => {
      question.isGivenUp = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (this.isAway) throw new LdapError('ERR_LDAP_AWAY', 'there is no connection to the directory');
    return this.passwords.has(user) ? this.#account(user) : undefined;
  };

  async close(): Promise<void> {
    this.isClosed = true;
  }

  #account(user: string): LdapAccount {
    return { dn: `uid=${user}`, keys: this.keys };
  }
}
