import type { ConnectionInfo } from '../connection-info.js';

/** The client asks for a service (RFC 4253 section 10). `ssh-userauth` is granted unless a policy denies it. */
export interface SSHServiceRequest {
  readonly type: 'SSHServiceRequest';
  readonly connection: ConnectionInfo;
  /** The name as sent, such as `ssh-userauth`. */
  readonly service: string;
}
