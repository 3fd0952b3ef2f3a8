import type { ConnectionInfo } from '../../streams/connection-info.js';

/** Every request of a server is one of these. */
export interface FromConnection {
  readonly connection: ConnectionInfo;
}
