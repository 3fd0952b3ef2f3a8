/**
 * Time-based one-time passwords (RFC 6238) and recovery codes for rxsshd.
 *
 * @packageDocumentation
 */

export { generateRecoveryCodes } from './generate-recovery-codes.js';
export type { GeneratedRecoveryCodes } from './generate-recovery-codes.js';
export { generateTotpSecret } from './generate-totp-secret.js';
export type { CodePolicyOptions, GuessBounds } from './code-policy-options.js';
export { MemoryRecoveryCodes } from './memory-recovery-codes.js';
export { recoveryCodes } from './recovery-codes.js';
export type { RecoveryCodesOptions } from './recovery-codes.js';
export type { RecoveryCodeStore } from './recovery-code-store.js';
export { totp } from './totp.js';
export type { FindTotpSecret, TotpOptions } from './totp.js';
export type { TotpAlgorithm, TotpParameters } from './totp-parameters.js';
export { totpUri } from './totp-uri.js';
export type { TotpUriOptions } from './totp-uri.js';
