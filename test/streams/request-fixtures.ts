import { connectionId } from '../../src/streams/connection-id.js';
import type { ConnectionInfo } from '../../src/streams/connection-info.js';
import type { ConnectionRequest } from '../../src/streams/events/connection-request.js';
import type {} from '../../src/streams/events/ssh-user-auth-request.js';

export const connectionFrom = (remoteAddress: string, ordinal = 1): ConnectionInfo => ({
  id: connectionId(ordinal),
  remoteAddress,
  remotePort: 50_000,
  localAddress: '192.0.2.2',
  localPort: 22,
});

export const connectionRequest = (remoteAddress = '192.0.2.1'): ConnectionRequest => ({
  type: 'ConnectionRequest',
  connection: connectionFrom(remoteAddress),
});
