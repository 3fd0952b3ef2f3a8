import type { ConnectionInfo } from '../connection-info.js';
import type { LogStep } from './log-step.js';

/**
 * A step of the handshake or of the connection's life was taken: identification, key exchange, service, authentication. These are
 * the steps of level 1 of {@link Log}, whatever `logLevel` is.
 */
export interface SSHStatus {
  readonly type: 'SSHStatus';
  readonly connection: ConnectionInfo;
  /**
   * One line of printable ASCII for people to read: fixed words first, and what a peer may have said in quotes, as JSON has them. Its
   * form may change with any version; programs read {@link step}.
   */
  readonly message: string;
  /** The same as data. Absent in recordings of versions that did not tell it. */
  readonly step?: LogStep;
}
