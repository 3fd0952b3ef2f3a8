import { constants } from 'node:os';

/** The names that RFC 4254 section 6.10 knows. */
const KNOWN = new Set([
  'ABRT',
  'ALRM',
  'FPE',
  'HUP',
  'ILL',
  'INT',
  'KILL',
  'PIPE',
  'QUIT',
  'SEGV',
  'TERM',
  'USR1',
  'USR2',
]);

/** What shells add to the number of a signal that ended a program. */
const SHELL_OFFSET = 128;

/** How a program's death is reported to the client. */
export type ExitReport = { readonly signal: string } | { readonly status: number };

/**
 * Translates the name of a signal, with or without `SIG`, into what RFC 4254 can say.
 *
 * Programs die of SIGBUS, SIGSYS or SIGXCPU too, which the RFC has no name for; they become the exit status that a
 * shell would give.
 */
export function exitReportOf(signal: string): ExitReport {
  const name = signal.startsWith('SIG') ? signal.slice(3) : signal;
  if (KNOWN.has(name)) return { signal: name };
  const numbers = new Map<string, number>(Object.entries(constants.signals));
  return { status: SHELL_OFFSET + (numbers.get(`SIG${name}`) ?? 127) };
}
