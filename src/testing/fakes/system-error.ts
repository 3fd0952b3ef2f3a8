import { getSystemErrorName } from 'node:util';
import { constants } from 'node:os';

/** A failure of the system by its code, as Node has them. */
export type SystemErrorCode = keyof typeof constants.errno;

/**
 * An error as Node makes them of failing system calls, with `code`: `systemError('ENOSPC')` is a full disk.
 *
 * @example
 * ```ts
 * const files = fakeFiles({ faults: { method: 'append', onCall: 3, error: systemError('EIO') } });
 * ```
 *
 * @throws TypeError if this machine has no such code
 */
export function systemError(code: SystemErrorCode): NodeJS.ErrnoException {
  // What JavaScript passes may be any string, and systems differ in what they have.
  const number: unknown = Reflect.get(constants.errno, code);
  if (typeof number !== 'number') throw new TypeError(`systemError: there is no '${code}'`);
  const errno = -number;
  return Object.assign(new Error(`${getSystemErrorName(errno)}: scripted by a test`), { code, errno });
}
