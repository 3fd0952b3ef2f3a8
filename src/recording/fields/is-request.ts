import type { SshEvent } from '../../streams/events/ssh-event.js';
import { SSH_REQUEST_TYPES, type SshRequest } from '../../streams/events/ssh-request.js';

const types: ReadonlySet<string> = new Set(SSH_REQUEST_TYPES);

/** Whether somebody waits for an answer to `event`, so that later lines may refer to it. */
export const isRequest = (event: SshEvent): event is SshRequest => types.has(event.type);
