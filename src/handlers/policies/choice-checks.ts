import { policyOptionError } from './policy-option-error.js';

/**
 * Checks a switch.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if `value` is neither true nor false.
 */
export function requireBoolean(policy: string, option: string, value: unknown): void {
  if (typeof value !== 'boolean') throw policyOptionError(policy, option, 'must be true or false', value);
}

/**
 * Checks a choice.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if `value` is none of `choices`.
 */
export function requireChoice(policy: string, option: string, value: unknown, choices: readonly string[]): void {
  if (!choices.some((choice) => choice === value)) {
    throw policyOptionError(policy, option, `must be ${alternatives(choices)}`, value);
  }
}

/**
 * Checks a list of choices.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if `value` is no array, is empty, or has an entry that is none of
 * `choices`.
 */
export function requireChoices(policy: string, option: string, value: unknown, choices: readonly string[]): void {
  if (!isFilledArray(value) || !value.every((entry) => choices.some((choice) => choice === entry))) {
    throw policyOptionError(policy, option, `must be an array of one or more of ${alternatives(choices)}`, value);
  }
}

/**
 * Checks a list of names.
 *
 * @throws {@link SshServerError} `ERR_SSH_POLICY_OPTION` if `value` is no array, is empty, or has an entry that is no text.
 */
export function requireTexts(policy: string, option: string, value: unknown): void {
  if (!isFilledArray(value) || !value.every((entry) => typeof entry === 'string' && entry !== '')) {
    throw policyOptionError(policy, option, 'must be an array of one or more names', value);
  }
}

/** An empty list would limit nothing, which nobody writes down on purpose. */
const isFilledArray = (value: unknown): value is readonly unknown[] => Array.isArray(value) && value.length > 0;

const alternatives = (choices: readonly string[]): string => choices.map((choice) => `'${choice}'`).join(' or ');
