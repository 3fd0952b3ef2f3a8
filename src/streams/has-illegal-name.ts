import type { SSHUserAuthRequest } from './events/ssh-user-auth-request.js';

/**
 * Control characters, format characters such as those that turn the direction of text, separators of lines, and bytes that are
 * no UTF-8, which stand here as lone surrogates.
 */
const UNSPEAKABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * Whether a request names a user, or a host, by what nobody can be called: a name that shows as another one, ends early where it
 * is read as a C string, or writes lines of its own into a log (RFC 8265 section 3.1, RFC 5198).
 */
export const hasIllegalName = (request: SSHUserAuthRequest): boolean =>
  UNSPEAKABLE.test(request.user) ||
  (request.method === 'hostbased' &&
    (UNSPEAKABLE.test(request.clientHostName) || UNSPEAKABLE.test(request.clientUserName)));
