import type { Readable } from 'node:stream';

import type { Observable } from 'rxjs';
import type { ExitReport, Session } from 'rxsshd';

import { type Input, inputOf } from './input.js';

/** What a word works with. */
export interface Program {
  readonly session: Session;
  /** What stands behind the word. */
  readonly args: string;
  /** Standard input, up to its end; on a terminal, up to Ctrl-D or Ctrl-C. */
  readonly input: Readable;
  /** Aborted when nobody waits for the word any more. */
  readonly signal: AbortSignal;
}

/** How a program ended. */
export type Exit = number | ExitReport;

/** One word of this server, run by an `exec` request or typed into the shell. */
export type Word = (program: Program) => Promise<Exit> | Exit;

/** The signals of RFC 4254 section 6.10: each of them ends a program that does not care. */
const DEADLY = new Set([
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

/** Runs `program` until it ends, or until a signal of the client or Ctrl-C ends it. */
export function untilKilled(
  session: Session,
  interrupt$: Observable<void>,
  program: () => Promise<Exit> | Exit,
): Promise<Exit> | Exit {
  const running = program();
  // Most words are over before a signal could arrive.
  if (!(running instanceof Promise)) return running;

  return new Promise((resolve, reject) => {
    // Both end with the session, which is over when its program is.
    session.signals.subscribe((name) => {
      if (DEADLY.has(name)) resolve({ exitSignal: name });
    });
    interrupt$.subscribe(() => {
      resolve({ exitSignal: 'INT' });
    });
    running.then(resolve, reject);
  });
}

/** Runs `word` as the program of an `exec` request. */
export function execute(session: Session, word: Word): Promise<Exit> | Exit {
  const input = inputOf(session);
  return untilKilled(session, input.interrupts, () => word(new Execution(session, input)));
}

/** What one command works with; input and signal are looked at by few of them. */
class Execution implements Program {
  readonly session: Session;
  readonly #input: Input;

  constructor(session: Session, input: Input) {
    this.session = session;
    this.#input = input;
  }

  get args(): string {
    return this.session.arguments;
  }

  get input(): Readable {
    return this.#input.bytes;
  }

  get signal(): AbortSignal {
    return this.session.signal;
  }
}
