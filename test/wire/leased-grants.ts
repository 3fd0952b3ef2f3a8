import { map } from 'rxjs';

import {
  decide,
  type HandlerFunction,
  type Lease,
  type Session,
  type SSHChannelRequest,
  type SSHUserAuthRequest,
  withLease,
} from '../../src/index.js';

/** Attaches `lease` to every sign-in. */
export const leaseOnSignIn = (lease: Lease): HandlerFunction =>
  decide(
    'SSHUserAuthRequest',
    map((verdict) => withLease<SSHUserAuthRequest>(verdict, lease)),
    { source: 'leaseOnSignIn' },
  );

/** Attaches what `lease` makes to every channel request of the given types. */
export const leaseOnRequests = (requestTypes: readonly string[], lease: () => Lease): HandlerFunction =>
  decide(
    'SSHChannelRequest',
    map((verdict) =>
      requestTypes.includes(verdict.request.requestType) ? withLease<SSHChannelRequest>(verdict, lease()) : verdict,
    ),
    { source: 'leaseOnRequests' },
  );

/** A program that runs until it is told to end. */
export const sleep = (session: Session): Promise<number> =>
  new Promise((resolve) => {
    session.signal.addEventListener('abort', () => {
      resolve(0);
    });
  });
