import type { ConnectionInfo } from '../connection-info.js';
import type { LogStep } from './log-step.js';

/** 1 handshake and life cycle, 2 each request, 3 each packet. 0 is used by settings only: nothing. */
export type LogLevel = 0 | 1 | 2 | 3;

/**
 * One line of the protocol's diary, by the documented levels. The option `logLevel` of {@link createServer} says up to which level
 * there are such events; none of them has a secret in it, or a byte of what was sent.
 */
export interface Log {
  readonly type: 'Log';
  readonly connection: ConnectionInfo;
  readonly level: Exclude<LogLevel, 0>;
  /**
   * One line of printable ASCII for people to read: fixed words first, and what a peer may have said in quotes, as JSON has them. Its
   * form may change with any version; programs read {@link step}.
   */
  readonly message: string;
  /** The same as data. Absent in recordings of versions that did not tell it. */
  readonly step?: LogStep;
}
