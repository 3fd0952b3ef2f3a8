import { ascii } from '../wire/codec.js';
import { message, type MessageOf } from '../wire/message.js';
import { SSH_MSG } from './message-number.js';

/** Asks for a service: `ssh-userauth` or `ssh-connection` (RFC 4253 section 10). */
export const ServiceRequest = message(SSH_MSG.SERVICE_REQUEST, 'SSH_MSG_SERVICE_REQUEST', { serviceName: ascii });
export type ServiceRequest = MessageOf<typeof ServiceRequest>;

/** Grants a {@link ServiceRequest}; a refusal is a DISCONNECT (RFC 4253 section 10). */
export const ServiceAccept = message(SSH_MSG.SERVICE_ACCEPT, 'SSH_MSG_SERVICE_ACCEPT', { serviceName: ascii });
export type ServiceAccept = MessageOf<typeof ServiceAccept>;
