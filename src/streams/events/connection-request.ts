import type { ConnectionInfo } from '../connection-info.js';

/** Somebody connected and waits to be let in, before a byte of SSH. Granted unless a policy denies it. */
export interface ConnectionRequest {
  readonly type: 'ConnectionRequest';
  readonly connection: ConnectionInfo;
}
