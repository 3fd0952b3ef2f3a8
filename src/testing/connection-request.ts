import type { ConnectionRequest } from '../streams/events/connection-request.js';
import { connectionOf, type RequestOrigin } from './request-origin.js';

/** Somebody who connects and waits to be let in. */
export const connectionRequest = (origin: RequestOrigin = {}): ConnectionRequest => ({
  type: 'ConnectionRequest',
  connection: connectionOf(origin),
});
