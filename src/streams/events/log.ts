import type { ConnectionInfo } from '../connection-info.js';

/** 1 handshake and life cycle, 2 each message, 3 each byte. 0 is used by settings only: nothing. */
export type LogLevel = 0 | 1 | 2 | 3;

/** One line of the protocol's diary, by the documented levels. */
export interface Log {
  readonly type: 'Log';
  readonly connection: ConnectionInfo;
  readonly level: Exclude<LogLevel, 0>;
  readonly message: string;
}
