import type { Policy, SSHUserAuthRequest } from 'rxsshd';

import { codePolicy } from './code-policy.js';
import type { CodePolicyOptions } from './code-policy-options.js';
import type { RecoveryCodeStore } from './recovery-code-store.js';
import { requireRecoveryCodeStore, takeRecoveryCode } from './take-recovery-code.js';

/** Options of {@link recoveryCodes}. */
export interface RecoveryCodesOptions extends CodePolicyOptions {
  /** Where the codes are. */
  readonly codes: RecoveryCodeStore;
  /** Default `Recovery code: `. */
  readonly prompt?: string;
}

/**
 * Asks for a recovery code, and grants each once (RFC 4256). Where users also have {@link totp}, hand the codes to that instead, as its
 * `recovery`: two policies cannot share one question.
 *
 * Denies wrong codes with `bad-credential`, and one guess too many with `rate-limited`. A store that fails costs the request at hand.
 *
 * @throws SshServerError `ERR_SSH_POLICY_OPTION`, when called, if an option is wrong
 */
export function recoveryCodes(options: RecoveryCodesOptions): Policy<SSHUserAuthRequest> {
  const { codes } = options;
  requireRecoveryCodeStore('recoveryCodes', 'codes', codes);
  return codePolicy({
    policy: 'recoveryCodes',
    options,
    prompt: 'Recovery code: ',
    // A store does not say whose codes it has; and nobody finds one of 80 random bits, however many guesses there are.
    ownerOf: () =>
      Promise.resolve({
        exists: true,
        isRight: async ({ account, code }) => (await takeRecoveryCode(codes, account, code)) ?? false,
      }),
  });
}
