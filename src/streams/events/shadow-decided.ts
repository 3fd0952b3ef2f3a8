import type { ConnectionInfo } from '../connection-info.js';
import type { DenyReason } from '../deny-reason.js';
import type { SshRequest } from './ssh-request.js';

/** What a policy in shadow mode would have decided. Nothing came of it; the request was decided by the others. */
export interface ShadowDecided {
  readonly type: 'ShadowDecided';
  readonly connection: ConnectionInfo;
  /** The request this is about. */
  readonly request: SshRequest;
  /** The policy, by the name it gave itself. */
  readonly by: string;
  /**
   * `open` if it would have left the request as it was; `declined` if it looked and would have left it to others, which
   * denies the request for that reason if nobody grants it.
   */
  readonly outcome: 'open' | 'declined' | 'granted' | 'denied';
  /** Why it would have denied or declined. */
  readonly reason?: DenyReason;
  /** How many leases it would have attached. */
  readonly leases: number;
  /** Milliseconds from question to answer. It may have answered long after the request was decided. */
  readonly elapsedMs: number;
}
