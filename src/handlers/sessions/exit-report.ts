/** How a program ended (RFC 4254 section 6.10): by itself with a status, or killed by a signal. */
export type ExitReport =
  | {
      /** 0 to 2^32-1; 0 means success. */
      readonly exitStatus: number;
    }
  | {
      /** Without `SIG`: `TERM`, `KILL`. A name that RFC 4254 does not list is sent as status 128 plus its number. */
      readonly exitSignal: string;
      readonly coreDumped?: boolean;
      /** Shown by some clients. */
      readonly message?: string;
    };

const MAX_STATUS = 0xffff_ffff;

/** Whether `value` has the form of an {@link ExitReport}. */
export function isExitReport(value: unknown): value is ExitReport {
  if (typeof value !== 'object' || value === null) return false;
  if ('exitStatus' in value) return isExitStatus(value.exitStatus);
  if (!('exitSignal' in value) || typeof value.exitSignal !== 'string' || value.exitSignal === '') return false;
  return !('message' in value) || value.message === undefined || typeof value.message === 'string';
}

/** Whether `value` can be sent as `exit-status`, which is a `uint32`. */
const isExitStatus = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_STATUS;
