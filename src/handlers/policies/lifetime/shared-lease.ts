import type { SshRequest, SshRequestType } from '../../../streams/events/ssh-request.js';
import type { Lease } from '../../../streams/lease.js';

/**
 * One lease for all requests of one type. What holds leases holds none of them twice, so a sign-in of several steps, each of which
 * is a grant, is counted, warned and ended once.
 */
export function sharedLease(make: (type: SshRequestType) => Lease): (request: SshRequest) => Lease {
  const leases: { [Type in SshRequestType]?: Lease } = {};
  return ({ type }) => (leases[type] ??= make(type));
}
