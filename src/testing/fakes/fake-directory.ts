import { concat, defer, filter, from, type Observable, Subject } from 'rxjs';

import type { RevocationNotice } from '../../handlers/policies/lifetime/revoked-by.js';
import type { FakeScript, ScriptedFake } from './fake-script.js';
import { ScriptedCalls } from './scripted-calls.js';

/** A user of a {@link fakeDirectory}. What is left out the user does not have. */
export interface DirectoryUser {
  /** The password. */
  readonly password?: string;
  /** Lines of an authorized_keys file; see {@link testKey}. */
  readonly keys?: readonly string[];
  /** The right answers to questions, in the order of the prompts. */
  readonly answers?: readonly string[];
  /** Whether the account is disabled to begin with. Default false. */
  readonly disabled?: boolean;
}

/** A directory of users that can be slow and can fail. Its functions need no `this`: hand them over as they are. */
export interface FakeDirectory extends ScriptedFake {
  /** Whether this is the password of a user who is not disabled: for `grantPassword`. */
  readonly verifyPassword: (user: string, password: string) => Observable<boolean>;
  /** The keys of a user who is not disabled, as the text of an authorized_keys file: for `grantPublicKey`. */
  readonly keysOf: (user: string) => Observable<string>;
  /** Whether these are the right answers of a user who is not disabled: `verify` of `grantKeyboardInteractive`. */
  readonly verifyAnswers: (user: string, answers: readonly string[]) => Observable<boolean>;
  /** Adds a user, or takes the place of one. */
  readonly set: (user: string, entry: DirectoryUser) => void;
  /** Removes a user, which is told as a disabled one is. */
  readonly remove: (user: string) => void;
  /**
   * Disables a user: nothing is right any more, and {@link disabled} tells.
   *
   * @param reason - what the user is told. Default what the policy says.
   */
  readonly disable: (user: string, reason?: string) => void;
  /** Takes {@link disable} back. */
  readonly enable: (user: string) => void;
  /**
   * Tells of users who are or become disabled: for `revokedBy`, of one user or of all.
   *
   * Cold: each subscription is a call named `disabled`, and begins with those who are disabled already. Hears what comes later
   * after the latency of that call. Never completes; errors if the script fails the call. Unsubscribing ends it.
   */
  readonly disabled: (user?: string) => Observable<RevocationNotice>;
}

/**
 * A directory of users in memory, in the shape in which policies ask for one, slow or down when its script says so.
 *
 * Changes with {@link FakeDirectory.disable} and the like happen at once and are no calls.
 *
 * @example
 * ```ts
 * const directory = fakeDirectory({ ann: { password: 'right', keys: [testKey('ann laptop')] } }, { latencyMs: 50 });
 * await using simulation = await simulate({
 *   policies: {
 *     SSHUserAuthRequest: [
 *       grantPassword(directory.verifyPassword),
 *       grantPublicKey(directory.keysOf),
 *       revokedBy(directory.disabled()),
 *     ],
 *   },
 * });
 * directory.disable('ann', 'your account was closed');
 * ```
 *
 * @throws TypeError if the script cannot be read
 */
export function fakeDirectory(
  users: Readonly<Record<string, DirectoryUser>> = {},
  script: FakeScript = {},
): FakeDirectory {
  const scripted = new ScriptedCalls(script);
  const accounts = new Map(Object.entries(users));
  /** What disabled users are told. */
  const reasons = new Map<string, string>();
  const closed = new Subject<RevocationNotice>();

  /** Of a disabled user nothing is right. */
  const active = (user: string): DirectoryUser | undefined => {
    const account = accounts.get(user);
    return account?.disabled === true ? undefined : account;
  };
  const notice = (user: string): RevocationNotice => {
    const reason = reasons.get(user);
    return reason === undefined ? { user } : { user, reason };
  };
  const setDisabled = (user: string, disabled: boolean): void => {
    const account = accounts.get(user);
    // A test that misspells a name would otherwise prove nothing.
    if (account === undefined) throw new TypeError(`fakeDirectory: there is no user '${user}'`);
    accounts.set(user, { ...account, disabled });
    reasons.delete(user);
  };

  return {
    calls: scripted.calls,
    fail: scripted.fail,
    recover: scripted.recover,
    verifyPassword: (user, password) =>
      scripted.observe('verifyPassword', [user, password], () => {
        const right = active(user)?.password;
        return right !== undefined && right === password;
      }),
    keysOf: (user) => scripted.observe('keysOf', [user], () => (active(user)?.keys ?? []).join('\n')),
    verifyAnswers: (user, answers) =>
      scripted.observe('verifyAnswers', [user, answers], () => {
        const right = active(user)?.answers;
        return (
          right !== undefined && right.length === answers.length && right.every((it, index) => it === answers[index])
        );
      }),
    set: (user, entry) => {
      accounts.set(user, entry);
      reasons.delete(user);
      if (entry.disabled === true) closed.next(notice(user));
    },
    remove: (user) => {
      reasons.delete(user);
      if (accounts.delete(user)) closed.next(notice(user));
    },
    disable: (user, reason) => {
      setDisabled(user, true);
      if (reason !== undefined) reasons.set(user, reason);
      closed.next(notice(user));
    },
    enable: (user) => {
      setDisabled(user, false);
    },
    disabled: (user) =>
      defer(() => {
        const heard$ = scripted.watch('disabled', user === undefined ? [] : [user], () =>
          concat(from([...accounts].flatMap(([name, it]) => (it.disabled === true ? [notice(name)] : []))), closed),
        );
        return heard$.pipe(filter((it) => user === undefined || it.user === user));
      }),
  };
}
