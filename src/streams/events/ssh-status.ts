import type { ConnectionInfo } from '../connection-info.js';

/** A step of the protocol was taken: identification, key exchange, service, authentication, channel. */
export interface SSHStatus {
  readonly type: 'SSHStatus';
  readonly connection: ConnectionInfo;
  readonly message: string;
}
