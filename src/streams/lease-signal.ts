import type { LeaseSignal } from './lease.js';

/** Says of what a lease written in JavaScript has emitted what the compiler says of one written in TypeScript. */
export function isLeaseSignal(emitted: unknown): emitted is LeaseSignal {
  if (typeof emitted !== 'object' || emitted === null) return false;
  // Any object can be asked for any property.
  const signal = emitted as Readonly<Partial<Record<string, unknown>>>;
  const isAbsentOr = (type: 'string' | 'number', value: unknown): boolean =>
    value === undefined || typeof value === type;
  switch (signal['type']) {
    case 'warn':
      return typeof signal['message'] === 'string';
    case 'narrow':
      return (
        isAbsentOr('number', signal['receiveBytesPerSecond']) && isAbsentOr('number', signal['sendBytesPerSecond'])
      );
    case 'revoke':
      return (
        typeof signal['reason'] === 'string' &&
        isAbsentOr('string', signal['by']) &&
        isAbsentOr('number', signal['graceMs'])
      );
    default:
      return false;
  }
}
