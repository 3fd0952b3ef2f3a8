import type { DenyReason } from './deny-reason.js';
import type { SshRequest } from './events/ssh-request.js';
import type { PolicyName } from './verdict.js';

/** What a policy has to tell apart from its verdict. */
export type PolicyReport =
  | {
      /** Something that the policy relies on failed, apart from a verdict that says so itself. An `Error` event. */
      readonly type: 'failure';
      /** The request that suffered from it; absent if none did. */
      readonly request?: SshRequest;
      readonly by: PolicyName;
      readonly cause: unknown;
    }
  | {
      /** What a policy would have decided that decides nothing. A `ShadowDecided` event. */
      readonly type: 'shadow';
      readonly request: SshRequest;
      readonly by: PolicyName;
      /**
       * `open` if it would have left the request as it was; `declined` if it looked and would have left it to others, which
       * denies the request for that reason if nobody grants it.
       */
      readonly outcome: 'open' | 'declined' | 'granted' | 'denied';
      /** Why it would have denied or declined. */
      readonly reason?: DenyReason;
      /** How many leases it would have attached. */
      readonly leases: number;
      /** Milliseconds from question to answer. */
      readonly elapsedMs: number;
    };
