import { filter, map, take } from 'rxjs';
import { type Lease, leaseEach, type LeaseSignal, type SSHChannelRequest } from 'rxsshd';

/** Ends a channel once its client has sent more than `maxBytes`. */
export const uploadLimit = (maxBytes: number) => {
  const lease: Lease = (held) =>
    held.activity.pipe(
      filter(() => held.bytesReceived > maxBytes),
      take(1),
      map((): LeaseSignal => ({
        type: 'revoke',
        reason: `more than ${String(maxBytes)} bytes were sent`,
        graceMs: 1000,
      })),
    );
  return leaseEach<SSHChannelRequest>('uploadLimit', ({ request }) =>
    request.requestType === 'exec' ? lease : undefined,
  );
};
