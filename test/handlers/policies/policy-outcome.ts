import type { DenyReason } from '../../../src/streams/deny-reason.js';
import type { PolicyName, Verdict } from '../../../src/streams/verdict.js';

/** What a policy makes of a request that nobody has decided yet, in words that can be compared. */
export type PolicyOutcome =
  | {
      readonly state: 'open';
      readonly leases: number;
      readonly declined?: DenyReason;
      readonly requires?: readonly string[];
    }
  | {
      readonly state: 'granted';
      readonly by: PolicyName;
      readonly leases: number;
      readonly then?: Then;
    }
  | { readonly state: 'denied'; readonly by: PolicyName; readonly reason: DenyReason };

/** What comes with a grant that is more than a yes. */
type Then = 'serve' | 'challenge' | 'passwordChange';

/** Nothing is decided, but so many leases are attached. */
export const open = (leases = 0): PolicyOutcome => ({ state: 'open', leases });

/** Nothing is decided, but so much is required. */
export const requiring = (...requires: readonly string[]): PolicyOutcome => ({ state: 'open', leases: 0, requires });

/** The policy could have granted, and would not. */
export const declined = (reason: DenyReason): PolicyOutcome => ({ state: 'open', leases: 0, declined: reason });

/** The policy grants, and says what comes next if it is more than a yes. */
export const granted = (by: PolicyName, then?: Then): PolicyOutcome => ({
  state: 'granted',
  by,
  leases: 0,
  ...(then === undefined ? {} : { then }),
});

/** The policy denies. */
export const denied = (by: PolicyName, reason: DenyReason): PolicyOutcome => ({ state: 'denied', by, reason });

/** @param inherited - leases that were attached before the policy was asked */
export function outcomeOf(verdict: Verdict<unknown>, inherited = 0): PolicyOutcome {
  switch (verdict.state) {
    case 'open': {
      const { leases, declined: refusal, requires } = verdict;
      const required = requires === undefined ? {} : { requires: requires.map(({ expression }) => expression) };
      const outcome = { state: 'open', leases: leases.length - inherited, ...required } as const;
      return refusal === undefined ? outcome : { ...outcome, declined: refusal.reason };
    }
    case 'granted': {
      const { by, leases, serve, challenge, passwordChange } = verdict;
      const outcome = { state: 'granted', by, leases: leases.length - inherited } as const;
      if (serve !== undefined) return { ...outcome, then: 'serve' };
      if (passwordChange !== undefined) return { ...outcome, then: 'passwordChange' };
      return challenge === undefined ? outcome : { ...outcome, then: 'challenge' };
    }
    case 'denied':
      return denied(verdict.by, verdict.reason);
  }
}
