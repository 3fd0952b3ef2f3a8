import type { ConnectionInfo } from '../connection-info.js';

/** A connection was let in; identification and key exchange come next. */
export interface Connected {
  readonly type: 'Connected';
  readonly connection: ConnectionInfo;
}
