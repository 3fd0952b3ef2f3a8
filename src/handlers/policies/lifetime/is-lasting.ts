import { startsProgram } from '../../../protocol/channels/session-request.js';
import type { SshRequest } from '../../../streams/events/ssh-request.js';
import { isGrantable } from '../../../streams/is-grantable.js';

/**
 * Whether a grant of `request` begins something that lasts: a connection, a sign-in, a channel, a program.
 *
 * What a session is told beside, its terminal, its environment, a signal, lasts no longer than its program; a lease on each
 * of these grants would say everything several times. An offered key that would do, and the question how to sign in, begin nothing.
 */
export const isLasting = (request: SshRequest): boolean =>
  request.type === 'SSHChannelRequest' ? startsProgram(request.requestType) : isGrantable<SshRequest>(request);
