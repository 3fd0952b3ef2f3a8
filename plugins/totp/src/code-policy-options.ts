import type { ClockOption, CounterStore, PolicyOptions } from 'rxsshd';

import { optionError } from './option-error.js';

/** How often somebody may guess. */
export interface GuessBounds {
  /** Wrong codes of one user, over all connections. Integer, at least 1. Default 10. */
  readonly limit?: number;
  /** The window in which they are counted, in milliseconds. Default an hour. */
  readonly windowMs?: number;
}

/** What {@link totp} and {@link recoveryCodes} have in common. */
export interface CodePolicyOptions extends PolicyOptions, ClockOption {
  /** What the user is asked. */
  readonly prompt?: string;
  /** Whether the client shows what is typed. Default false. */
  readonly echo?: boolean;
  /** Default ten wrong codes an hour. A right one sets it back, so whoever guesses besides the user has as many again. */
  readonly guesses?: GuessBounds;
  /**
   * Counts guesses and used codes: one that servers share for what several of them let in, such as that of `@rxsshd/redis`. It counts
   * guesses at invented names as well, so it needs room for many keys. Default in the memory of this policy, where those have places of
   * their own. If it fails, nobody gets in.
   */
  readonly store?: CounterStore;
  /**
   * The account behind the name that a client signs in with, by which guesses and codes are counted. If your directory takes `Ann` for
   * `ann`, say so here: whoever guesses would otherwise have all guesses once more for each way to write a name. Default the name itself.
   */
  readonly accountOf?: (user: string) => string;
}

/** The options, complete but for what is absent by default. */
export interface ReadCodePolicyOptions {
  readonly by: string;
  readonly echo: boolean;
  readonly guesses: Required<GuessBounds>;
  readonly accountOf: (user: string) => string;
}

const HOUR_MS = 3_600_000;

const asItIs = (user: string): string => user;

/**
 * Checks the options and fills in defaults.
 *
 * @throws SshServerError `ERR_SSH_POLICY_OPTION` for the first that is wrong
 */
export function readCodePolicyOptions(policy: string, options: CodePolicyOptions): ReadCodePolicyOptions {
  const { name: by = policy, prompt, echo = false, guesses = {}, store, clock, accountOf = asItIs } = options;
  // JavaScript may bring anything.
  const { limit = 10, windowMs = HOUR_MS } = (guesses as GuessBounds | null) ?? { limit: 0 };
  if (typeof by !== 'string' || by.trim() === '') throw optionError(policy, 'name', 'must not be empty', by);
  if (prompt !== undefined && typeof prompt !== 'string') throw optionError(policy, 'prompt', 'must be text', prompt);
  if (typeof echo !== 'boolean') throw optionError(policy, 'echo', 'must be true or false', echo);
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw optionError(policy, 'guesses.limit', 'must be an integer of at least 1', limit);
  }
  if (!Number.isFinite(windowMs) || windowMs <= 0) {
    throw optionError(policy, 'guesses.windowMs', 'must be a finite number of milliseconds above 0', windowMs);
  }
  if (store !== undefined && !(has(store, 'hit') && has(store, 'clear'))) {
    throw optionError(policy, 'store', 'must be a CounterStore', store);
  }
  if (clock !== undefined && !has(clock, 'now')) throw optionError(policy, 'clock', 'must be a Clock', clock);
  if (typeof accountOf !== 'function') throw optionError(policy, 'accountOf', 'must be a function', accountOf);
  return { by, echo, guesses: { limit, windowMs }, accountOf };
}

/** Whether `value` is an object with this method. */
const has = (value: unknown, method: string): boolean =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function';
