import {
  type Answer,
  type KeyboardInteractiveAnswer,
  MemoryCounterStore,
  type Policy,
  type SSHUserAuthRequest,
} from 'rxsshd';

import { codePolicy, type TypedCode } from './code-policy.js';
import type { CodePolicyOptions } from './code-policy-options.js';
import { hit } from './counts.js';
import { generateTotpSecret } from './generate-totp-secret.js';
import { matchingSteps } from './matching-steps.js';
import { optionError } from './option-error.js';
import { readSecret } from './read-secret.js';
import type { RecoveryCodeStore } from './recovery-code-store.js';
import { requireRecoveryCodeStore, takeRecoveryCode } from './take-recovery-code.js';
import { told } from './told.js';
import { readParameters, type TotpParameters } from './totp-parameters.js';

/** Finds the secret of a user, in base32; undefined if there is none. Take as long for users who do not exist. */
export type FindTotpSecret = (user: string, request: KeyboardInteractiveAnswer) => Answer<string | undefined>;

/** Options of {@link totp}. */
export interface TotpOptions extends CodePolicyOptions, TotpParameters {
  readonly secretOf: FindTotpSecret;
  /**
   * Steps before and after the present one whose codes are taken, since clocks differ and people type slowly. Integer from 0 to 5.
   * Default 1: with a period of 30 seconds, a code is good from 30 seconds before it comes up to 60 after.
   */
  readonly drift?: number;
  /** Secrets that are shorter, in bytes, fail. Integer from 10 to 64. Default 16, which RFC 4226 section 4 demands. */
  readonly minSecretBytes?: number;
  /** Takes recovery codes at the same prompt. Default none are taken. */
  readonly recovery?: RecoveryCodeStore;
  /** Default `Verification code: `, or `Verification or recovery code: `. */
  readonly prompt?: string;
}

/**
 * Asks for the code that the user's application shows, and grants it once (RFC 6238, RFC 4256). Its default name is `totp`, by which a
 * requirement such as `password+totp` knows it.
 *
 * - **Once.** A code that was right is used up for its user, in all processes that share a store, as long as it would be good.
 * - **Few guesses.** Ten wrong codes an hour by default, for each user and over all connections: with six digits and a drift of 1, a
 *   chance of one in fourteen hundred a day for whoever has the first factor. Each sign-in of the user sets the count back, and gives
 *   up to nine guesses more, a chance of one in 37 000. Where this is the first factor, whoever guesses can lock others out.
 * - **The same for everybody.** Users who have no secret, or do not exist, are asked the same, and their codes cost the same.
 *
 * Denies wrong codes with `bad-credential`, and one guess too many with `rate-limited`; a code is no less used up or counted for a user
 * whom later policies deny. A store or callback that fails, or a secret that cannot be read, costs the request at hand, which is
 * denied with `policy-failed`. Time is that of the server.
 *
 * @example
 * ```ts
 * declare const accounts: { secretOf(user: string): Promise<string | undefined> };
 *
 * const code = totp({ secretOf: (user) => accounts.secretOf(user) });
 * ```
 *
 * @throws SshServerError `ERR_SSH_POLICY_OPTION`, when called, if an option is wrong
 */
export function totp(options: TotpOptions): Policy<SSHUserAuthRequest> {
  const { secretOf, drift = 1, minSecretBytes = 16, recovery, name = 'totp' } = options;
  const parameters = readParameters('totp', options);
  if (typeof secretOf !== 'function') throw optionError('totp', 'secretOf', 'must be a function', secretOf);
  if (!Number.isInteger(drift) || drift < 0 || drift > 5) {
    throw optionError('totp', 'drift', 'must be an integer from 0 to 5', drift);
  }
  if (!Number.isInteger(minSecretBytes) || minSecretBytes < 10 || minSecretBytes > 64) {
    throw optionError('totp', 'minSecretBytes', 'must be an integer from 10 to 64', minSecretBytes);
  }
  if (recovery !== undefined) requireRecoveryCodeStore('totp', 'recovery', recovery);

  const decoy = readSecret(generateTotpSecret(), 1);
  // Apart from the guesses: names that do not exist never make it forget which codes were used.
  const used = options.store ?? new MemoryCounterStore();
  // From the first moment at which a code is good to the last, and one step for machines whose clocks differ.
  const usedFor = { limit: 1, windowMs: (2 * drift + 2) * parameters.period * 1000 };

  /** A code that is that of two steps is used up for both, or it would be good twice. */
  const useUp = async (account: string, steps: readonly number[], now: number): Promise<boolean> => {
    const taken = await Promise.all(
      steps.map((step) => hit(used, `${name}/used/${account}/${String(step)}`, usedFor, now)),
    );
    return taken.every((isFirst) => isFirst);
  };

  const isRight = async ({ code, account, now }: TypedCode, text: string | undefined): Promise<boolean> => {
    const recovered = recovery === undefined ? undefined : takeRecoveryCode(recovery, account, code);
    if (recovered !== undefined) return recovered;

    const secret = text === undefined ? decoy : readSecret(text, minSecretBytes);
    const steps = matchingSteps(code.replaceAll(' ', ''), secret, { ...parameters, now, drift });
    return text !== undefined && steps.length > 0 && useUp(account, steps, now);
  };

  return codePolicy({
    policy: 'totp',
    options,
    prompt: recovery === undefined ? 'Verification code: ' : 'Verification or recovery code: ',
    ownerOf: async (request) => {
      const text = await told(secretOf(request.user, request));
      return { exists: text !== undefined, isRight: (typed) => isRight(typed, text) };
    },
  });
}
