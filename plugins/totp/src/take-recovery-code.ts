import { optionError } from './option-error.js';
import { readRecoveryCode, recoveryDigest } from './recovery-code.js';
import type { RecoveryCodeStore } from './recovery-code-store.js';

/**
 * Uses up a recovery code, if that is what was typed, and says whether it was one of the account's.
 *
 * @returns undefined if it does not look like one
 */
export function takeRecoveryCode(
  store: RecoveryCodeStore,
  account: string,
  typed: string,
): Promise<boolean> | undefined {
  const code = readRecoveryCode(typed);
  if (code === undefined) return undefined;
  // Whatever JavaScript answers with, only true lets anybody in.
  return Promise.resolve(store.take(account, recoveryDigest(account, code))).then((taken: unknown) => taken === true);
}

/**
 * Checks a store of recovery codes.
 *
 * @throws SshServerError `ERR_SSH_POLICY_OPTION` if it is none
 */
export function requireRecoveryCodeStore(policy: string, option: string, store: unknown): void {
  if (typeof store === 'object' && store !== null && typeof Reflect.get(store, 'take') === 'function') return;
  throw optionError(policy, option, 'must be a RecoveryCodeStore', store);
}
