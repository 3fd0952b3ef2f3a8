import type { SshRequestType } from '../streams/events/ssh-request.js';
import type { Phase } from '../streams/phase.js';

/** When a policy is asked. */
export interface DecideOptions {
  /** Default: `limit` for `ConnectionRequest`, `authenticate` for `SSHUserAuthRequest`, `authorize` for all others. */
  readonly phase?: Phase;
}

/** The phase of a policy that names none, by the request it decides: see {@link DecideOptions}. */
export function defaultPhaseOf(request: SshRequestType): Phase {
  switch (request) {
    case 'ConnectionRequest':
      return 'limit';
    case 'SSHUserAuthRequest':
      return 'authenticate';
    default:
      return 'authorize';
  }
}
