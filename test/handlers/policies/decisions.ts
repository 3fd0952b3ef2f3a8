import type { ConnectionInfo } from '../../../src/streams/connection-info.js';
import type { DenyReason } from '../../../src/streams/deny-reason.js';
import type { Decided } from '../../../src/streams/events/decided.js';
import type { Disconnected } from '../../../src/streams/events/disconnected.js';
import type { SshRequest } from '../../../src/streams/events/ssh-request.js';

const common = (request: SshRequest) =>
  ({
    type: 'Decided',
    connection: request.connection,
    request,
    by: 'another',
    source: 'Desk.signIn',
    phase: 'authenticate',
    elapsedMs: 1,
  }) as const;

/** The event of a request that was granted. */
export const grantedEvent = (request: SshRequest): Decided => ({ ...common(request), outcome: 'granted' });

/** The event of a request that was met and lets nobody in yet: an offer that would do, questions. */
export const provisionalEvent = (request: SshRequest): Decided => ({
  ...common(request),
  outcome: 'granted',
  provisional: true,
});

/** The event of a request that was denied. */
export const deniedEvent = (request: SshRequest, reason: DenyReason): Decided => ({
  ...common(request),
  outcome: 'denied',
  reason,
});

/** The event of a grant that was taken back. */
export const revokedEvent = (request: SshRequest): Decided => ({
  ...common(request),
  outcome: 'revoked',
  message: 'your time is up',
});

/** The event of a connection that ended: the client left, unless `end` says otherwise. */
export const disconnectedEvent = (connection: ConnectionInfo, end: Partial<Disconnected> = {}): Disconnected => ({
  type: 'Disconnected',
  connection,
  by: 'peer',
  description: 'gone',
  bytesReceived: 0,
  bytesSent: 0,
  ...end,
});
