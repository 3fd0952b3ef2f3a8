import type { Grantable } from './verdict.js';

/**
 * True for requests that a policy may grant; says in JavaScript what {@link Grantable} says to the compiler. False for those that prove nothing: a key that was only offered, a
 * wrong signature of a key or a host, the start of keyboard-interactive, an unknown method.
 */
export function isGrantable<R>(request: R): request is Grantable<R> {
  if (typeof request !== 'object' || request === null || !('method' in request)) return true;
  if (request.method === 'other') return false;
  return !('stage' in request) || request.stage === 'proven' || request.stage === 'answered';
}
