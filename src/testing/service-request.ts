import type { SSHServiceRequest } from '../streams/events/ssh-service-request.js';
import { connectionOf, type RequestOrigin } from './request-origin.js';

/** A client that asks for a service (RFC 4253 section 10). */
export const serviceRequest = (service = 'ssh-userauth', origin: RequestOrigin = {}): SSHServiceRequest => ({
  type: 'SSHServiceRequest',
  connection: connectionOf(origin),
  service,
});
