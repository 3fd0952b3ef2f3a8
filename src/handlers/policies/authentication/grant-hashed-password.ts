import { firstValueFrom, Observable } from 'rxjs';

import { SshServerError } from '../../../errors.js';
import { after } from '../../../streams/clock.js';
import { DenyReason } from '../../../streams/deny-reason.js';
import type { PasswordAuthRequest, SSHUserAuthRequest } from '../../../streams/events/ssh-user-auth-request.js';
import type { Policy } from '../../../streams/policy.js';
import { decline, grant, type Verdict } from '../../../streams/verdict.js';
import type { PasswordHashing } from '../../passwords/password-hashing.js';
import { sharedPasswordHashing } from '../../passwords/shared-password-hashing.js';
import { whileConnected } from '../abuse/while-connected.js';
import { type Answer, observed, whenAnswered } from '../answer.js';
import { decideEach } from '../decide-each.js';
import { hasMethods, requireDuration, requireFunction } from '../option-checks.js';
import { type ClockOption, clockFor, requireClock } from '../policy-clock.js';
import { policyOptionError } from '../policy-option-error.js';
import { policyName, type PolicyOptions } from '../policy-options.js';
import { isBusy } from './is-busy.js';
import { recalled } from './recalled.js';

/**
 * Finds the hash of a user's password; undefined if there is no such user, or no password. What it takes is what a peer may
 * learn from it, so take as long for users who do not exist.
 */
export type FindPasswordHash = (user: string, request: PasswordAuthRequest) => Answer<string | undefined>;

/** Options of {@link grantHashedPassword}. */
export interface GrantHashedPasswordOptions extends PolicyOptions, ClockOption {
  readonly hashOf: FindPasswordHash;
  /** How passwords are verified. Default: scrypt alone, with all defaults, and all such policies of a process take turns. */
  readonly hashing?: PasswordHashing;
  /**
   * How long a password may wait for its turn, in milliseconds; what has begun is finished. Shorter than `decisionDeadlineMs` of the
   * server, which denies with {@link DenyReason.PolicySilent} what nobody has decided by then. Default 15 000.
   */
  readonly maxWaitMs?: number;
  /**
   * Keeps a new hash of a password that was right, where the old one is not as new ones are: of another scheme, or cheaper. Called
   * once the password was right, whatever other policies and further steps make of the sign-in. Replace `old` only if it is still
   * there: the password may have been changed meanwhile. A failure is an `Error` event and costs nobody anything. Default:
   * hashes stay as they are.
   */
  readonly rehash?: (user: string, hash: string, old: string) => unknown;
}

/** What became of a password, and its hash if that is to be made anew. */
interface Judgement {
  readonly said: 'right' | 'wrong' | 'busy';
  readonly dated?: string;
}

const RECALLED = { right: { said: 'right' }, wrong: { said: 'wrong' }, again: { said: 'wrong' } } as const;

/**
 * Grants passwords whose hash `hashOf` finds (RFC 4252 section 8), by scrypt or whatever `hashing` verifies. The others are left to
 * other policies, and denied with {@link DenyReason.BadCredential} if none grants them.
 *
 * A wrong password costs the same whether the user exists or not, and is verified off the main thread, so many at once and no more.
 * Where too many wait already, or it has waited too long itself, it is left to others with {@link DenyReason.LimitReached}, which a
 * {@link rateLimit} or {@link maxPerSource} before it keeps from happening. A client that has gone is taken out of the queue.
 *
 * Requests of other methods pass untouched, and so does the answer to a request to change the password. A hash that cannot be read,
 * or costs too much (`ERR_SSH_PASSWORD_HASH`), is one that no password matches, and an `Error` event. Any other failure, such as one of
 * `hashOf`, costs the request at hand, which is denied with {@link DenyReason.PolicyFailed}.
 *
 * @example
 * ```ts
 * declare const accounts: { find(name: string): Promise<{ readonly passwordHash?: string } | undefined> };
 *
 * const signIn = grantHashedPassword({ hashOf: async (user) => (await accounts.find(user))?.passwordHash });
 * ```
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION`, when called, if an option is wrong.
 */
export function grantHashedPassword(options: GrantHashedPasswordOptions): Policy<SSHUserAuthRequest> {
  const policy = 'grantHashedPassword';
  const by = policyName(policy, options);
  const { hashOf, hashing = sharedPasswordHashing(), rehash, maxWaitMs = 15_000 } = options;
  requireFunction(policy, 'hashOf', hashOf);
  requireDuration(policy, 'maxWaitMs', maxWaitMs);
  requireClock(policy, options);
  if (rehash !== undefined) requireFunction(policy, 'rehash', rehash);
  if (!hasMethods(hashing, 'verify', 'hash')) {
    throw policyOptionError(policy, 'hashing', 'must be a PasswordHashing', hashing);
  }

  const judge = async (
    verdict: Verdict<SSHUserAuthRequest>,
    request: PasswordAuthRequest,
    abort: AbortController,
  ): Promise<Judgement> => {
    const { user } = request;
    const password = request.password.expose();
    const hash = await firstValueFrom(observed(hashOf(user, request)), { defaultValue: undefined });
    // Without effect once it has its turn.
    const late = after(clockFor(options, verdict), maxWaitMs, () => {
      const text = `the password has waited for its turn for ${String(maxWaitMs)} ms`;
      abort.abort(new SshServerError('ERR_SSH_BUSY', text));
    });
    try {
      const { correct, needsRehash } = await hashing.verify(hash, password, { user, signal: abort.signal });
      if (!correct) return { said: 'wrong' };
      return needsRehash && hash !== undefined ? { said: 'right', dated: hash } : { said: 'right' };
    } catch (cause) {
      if (isBusy(cause)) return { said: 'busy' };
      if (!isOfHash(cause)) throw cause;
      // Not denied, which would tell that there is a hash to those who count refusals, and keep other sources from being asked.
      verdict.context?.report({ type: 'failure', request, by, cause });
      return { said: 'wrong' };
    } finally {
      late.unsubscribe();
    }
  };

  /** Nobody waits for it, and whatever becomes of it changes nothing for the user. */
  const renew = async (verdict: Verdict<SSHUserAuthRequest>, request: PasswordAuthRequest, old: string) => {
    try {
      const hash = await hashing.hash(request.password.expose());
      await firstValueFrom(observed(rehash?.(request.user, hash, old)), { defaultValue: undefined });
    } catch (cause) {
      verdict.context?.report({ type: 'failure', request, by, cause });
    }
  };

  return decideEach(by, (verdict) => {
    const { request } = verdict;
    if (verdict.state !== 'open' || request.method !== 'password' || request.newPassword !== undefined) return verdict;

    const judgement = recalled<Judgement>(verdict, by, RECALLED, () =>
      abortable((abort) => judge(verdict, request, abort)),
    );
    const decided = whenAnswered(judgement, (it) => {
      if (it?.said !== 'right') {
        return decline(verdict, by, it?.said === 'busy' ? DenyReason.LimitReached : DenyReason.BadCredential);
      }
      if (it.dated !== undefined && rehash !== undefined) void renew(verdict, request, it.dated);
      return grant(verdict, request, by);
    });
    return whileConnected(by, verdict, observed(decided));
  });
}

/** Whether it is the stored hash that is of no use. */
const isOfHash = (cause: unknown): boolean => SshServerError.is(cause) && cause.code === 'ERR_SSH_PASSWORD_HASH';

/** What `work` comes to, as an Observable that aborts it when nobody listens any more. Cold. */
const abortable = <T>(work: (abort: AbortController) => Promise<T>): Observable<T> =>
  new Observable((subscriber) => {
    const abort = new AbortController();
    work(abort).then(
      (value) => {
        subscriber.next(value);
        subscriber.complete();
      },
      (cause: unknown) => {
        subscriber.error(cause);
      },
    );
    return () => {
      abort.abort();
    };
  });
